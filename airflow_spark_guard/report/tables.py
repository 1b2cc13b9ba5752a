"""The tables of a page: stages, executors, queries, configuration, cost. Empty ones are left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.labels import descriptions, stage_label
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.report.cells import Cell, Table, count, duration, size, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.core.history.cost import Receipt
    from airflow_spark_guard.core.history.model import ApplicationHistory, ExecutorHistory, StageHistory
    from airflow_spark_guard.report.contents import Contents

_MOST_ROWS: Final = 100
_HOUR: Final = 3600
_ORIGIN: Final = re.compile(r"(?s)(.*)  \[([^\]]*)\]\Z")


def tables_of(contents: Contents) -> tuple[Table, ...]:
    """The tables that have rows, in the page's order."""
    history = contents.history
    made = (
        _cost(contents.receipt),
        _stages(history),
        _queries(history),
        _executors(history),
        _conf(contents),
        _limits(contents),
    )
    return tuple(table for table in made if table.rows)


def _stages(history: ApplicationHistory) -> Table:
    end, described = history.ended or history.last_seen, descriptions(history)
    stages = sorted(history.stages, key=lambda one: _took(one, end) or 0.0, reverse=True)
    columns = (
        "Stage",
        "Name",
        "Took",
        "Tasks",
        "Failed",
        "Median task",
        "Longest task",
        "Read",
        "Shuffle read",
        "Shuffle written",
        "Spilled",
    )
    return Table(
        "stages",
        "Stages",
        columns,
        tuple(_stage(one, end, described) for one in stages[:_MOST_ROWS]),
        _cut(stages, "longest"),
    )


def _stage(stage: StageHistory, end: float | None, described: Mapping[int, str]) -> tuple[Cell, ...]:
    spread = stage.duration
    return (
        Cell(f"{stage.stage}" + (f".{stage.attempt}" if stage.attempt else ""), number=True),
        words(stage_label(stage, described) + (f": {stage.failure}" if stage.failure else "")),
        duration(_took(stage, end)),
        Cell(_tasks(stage), number=True),
        Cell(f"{stage.failed:,}", number=True),
        duration(spread.median if spread else None),
        duration(spread.high if spread else None),
        size(stage.input_bytes),
        size(stage.shuffle_read_bytes),
        size(stage.shuffle_write_bytes),
        size(stage.disk_spilled_bytes),
    )


def _tasks(stage: StageHistory) -> str:
    """A record has what was last seen of a stage: of one that is over, not how many tasks were done."""
    is_known = stage.lost_s is not None or stage.duration is not None or stage.completed is None
    return f"{stage.done:,} of {stage.tasks:,}" if is_known else f"{stage.tasks:,}"


def _executors(history: ApplicationHistory) -> Table:
    rows = sorted(history.executors, key=lambda one: (not one.reason, one.added or 0.0))
    columns = (
        "Executor",
        "Host",
        "Slots",
        "Tasks",
        "Failed",
        "Tasks ran",
        "GC",
        "Heap peak",
        "Python peak",
        "Removed",
    )
    shown = tuple(_executor(one, history.started) for one in rows[:_MOST_ROWS])
    return Table("executors", "Executors", columns, shown, _cut(rows, "first"))


def _executor(executor: ExecutorHistory, started: float | None) -> tuple[Cell, ...]:
    removed = ""
    if executor.removed is not None:
        after = f"after {readable_duration(executor.removed - started)}" if started is not None else "yes"
        removed = f"{after}: {executor.reason}" if executor.reason else after
    return (
        words(executor.id),
        words(executor.host),
        Cell(f"{executor.cores}" if executor.cores else "", number=True),
        count(executor.tasks),
        count(executor.failed),
        duration(executor.run_s),
        duration(executor.gc_s),
        size(executor.heap_peak),
        size(executor.python_peak),
        words(removed),
    )


def _queries(history: ApplicationHistory) -> Table:
    rows = sorted(history.executions, key=lambda one: (one.ended or 0.0) - (one.started or 0.0), reverse=True)
    shown = tuple(
        (
            Cell(f"{one.execution}", number=True),
            words(one.description + (f": {one.failure}" if one.failure else "")),
            duration(one.ended - one.started if one.ended and one.started else None),
            words(", ".join(dict.fromkeys(node.name for node in one.nodes))),
        )
        for one in rows[:_MOST_ROWS]
    )
    columns = ("Query", "Description", "Took", "Operators")
    return Table("queries", "SQL queries", columns, shown, _cut(rows, "longest"))


def _cost(receipt: Receipt | None) -> Table:
    """The receipt: what was held, and the share of it that each part is."""
    if receipt is None or receipt.held is None:
        return Table("cost", "Cost", (), ())
    parts = (
        ("Held by executors", receipt.held),
        ("Used by tasks that succeeded", receipt.useful),
        ("Used by tasks of repeated stages", receipt.repeated),
        ("Lost in failed tasks", receipt.failed),
        ("Lost in slower speculative copies", receipt.speculative),
        ("Idle", receipt.idle),
        ("Idle on executors that were lost later", receipt.idle_of_lost),
        ("Held by the driver", receipt.driver),
    )
    rows = [
        (words(name), _core_time(seconds), _percent(receipt.share(seconds)))
        for name, seconds in parts
        if seconds is not None
    ]
    for name, amount in (
        ("Price of the executors", receipt.price),
        ("Of that not useful", receipt.wasted_price),
        ("Price of the driver", receipt.driver_price),
    ):
        if amount is not None:
            rows.append(
                (words(name), Cell(f"{amount:,.2f} {receipt.currency}".rstrip(), number=True), Cell(""))
            )
    if receipt.held_gib is not None:
        rows.append(
            (
                words("Memory held by executors"),
                Cell(f"{receipt.held_gib / _HOUR:,.2f} GiB-h", number=True),
                Cell(""),
            )
        )
    return Table("cost", "Cost", ("Part", "Amount", "Share"), tuple(rows), " ".join(receipt.unknown))


def _core_time(seconds: float) -> Cell:
    return Cell(
        f"{seconds / _HOUR:,.2f} core-h" if seconds >= _HOUR else f"{seconds:,.0f} core-s", number=True
    )


def _percent(share: float | None) -> Cell:
    return Cell("" if share is None else f"{share:.0%}", number=True)


def _conf(contents: Contents) -> Table:
    recorded = contents.summary.get("conf")
    if not isinstance(recorded, dict):
        rows = tuple((words(key), words(value)) for key, value in sorted(contents.history.conf.items()))
        return Table("conf", "Spark configuration", ("Key", "Value"), rows)
    found = []
    for key, text in sorted(recorded.items()):
        match = _ORIGIN.match(str(text))
        value, origin = match.groups() if match else (str(text), "")
        found.append((words(str(key)), words(value), words(origin)))
    return Table("conf", "Spark configuration", ("Key", "Value", "Set by"), tuple(found))


def _limits(contents: Contents) -> Table:
    limits = contents.summary.get("limits")
    rows = sorted(limits.items()) if isinstance(limits, dict) else []
    return Table(
        "limits",
        "Limits",
        ("Limit", "Value"),
        tuple((words(str(key)), words(str(value))) for key, value in rows),
    )


def _took(stage: StageHistory, end: float | None) -> float | None:
    until = stage.completed or end
    return None if stage.submitted is None or until is None else until - stage.submitted


def _cut(rows: Sequence[object], which: str) -> str:
    return f"The {which} {_MOST_ROWS} of {len(rows):,}." if len(rows) > _MOST_ROWS else ""
