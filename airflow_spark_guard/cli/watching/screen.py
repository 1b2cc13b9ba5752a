"""A picture on a terminal: a table of stages with bars, one of executors, lines of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from airflow_spark_guard.core.quantity import counted, readable_duration
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from airflow_spark_guard.cli.watching.picture import Picture, StageLine
    from airflow_spark_guard.cli.watching.target import WatchTarget

_MOST_STAGES: Final = 10
_MOST_EXECUTORS: Final = 10
_BAR: Final = 20


def screen(target: WatchTarget, picture: Picture, trouble: str = "") -> Group:
    """The whole screen."""
    cores = sum(row.cores for row in picture.living)
    head = (
        f"{one_line(target.name, 80)}  {target.id}  {target.url}\n"
        f"{readable_duration(round(picture.at))}: {counted(picture.jobs, 'job')}, "
        f"{counted(len(picture.living), 'executor')}, {counted(cores, 'core')}"
    )
    parts: list[RenderableType] = [Text(head, style="bold")]
    if picture.stages:
        parts.append(_stages(picture))
    elif picture.idle:
        parts.append(Text(f"No Spark job runs, for {readable_duration(round(picture.idle))}."))
    if picture.executors:
        parts.append(_executors(picture))
    parts += [Text(place, style="yellow") for place in picture.places]
    if trouble:
        parts.append(Text(trouble, style="red"))
    return Group(*parts)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, no_wrap=name != "stage")  # figures are not cut before names are
    return table


def _stages(picture: Picture) -> Table:
    table = _table("stage", "", "tasks", "running", "failed", "without movement")
    for stage in picture.stages[:_MOST_STAGES]:
        bar = ProgressBar(max(stage.tasks, 1), min(stage.done, stage.tasks), width=_BAR)
        table.add_row(
            Text(stage.name, no_wrap=True, overflow="ellipsis"),
            bar,
            Text(f"{stage.done}/{stage.tasks}"),
            Text(str(stage.running)),
            Text(str(stage.failed), style="red" if stage.failed else ""),
            _stood(stage),
        )
    if (more := len(picture.stages) - _MOST_STAGES) > 0:
        table.add_row(Text(f"and {more} more"))
    return table


def _stood(stage: StageLine) -> Text:
    if stage.limit is None:
        return Text("no task yet")
    style = "" if stage.stood < stage.limit / 2 else "yellow" if stage.stood < stage.limit else "bold red"
    stood, limit = (readable_duration(round(value)) for value in (stage.stood, stage.limit))
    return Text(f"{stood} (limit: {limit})", style=style)


def _executors(picture: Picture) -> Table:
    table = _table("executor", "host", "tasks", "cores", "garbage collection")
    shown = sorted(picture.executors, key=lambda row: not row.active)
    for row in shown[:_MOST_EXECUTORS]:
        share = f"{100 * row.gc_ms / row.run_ms:.0f} %" if row.run_ms else ""
        table.add_row(
            Text(row.id),
            Text(one_line(row.host, 60)),
            Text(str(row.active_tasks) if row.active else ""),
            Text(str(row.cores)),
            Text(share) if row.active else Text(f"gone: {one_line(row.reason, 80)}", style="red"),
        )
    if (more := len(shown) - _MOST_EXECUTORS) > 0:
        table.add_row(Text(f"and {more} more"))
    return table
