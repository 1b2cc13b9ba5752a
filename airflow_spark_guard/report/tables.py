"""The tables of a page: stages, executors, queries, configuration, cost. Empty ones are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.history.model import ApplicationHistory, ExecutorHistory, StageHistory
    from airflow_spark_guard.report.contents import Contents

_MOST_ROWS: Final = 100
_LONGEST_CELL: Final = 300
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_ORIGIN: Final = re.compile(r"(?s)(.*)  \[([^\]]*)\]\Z")


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and whether it stands at the right as a number."""

    text: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        name: its id on the page.
        title: above it.
        columns: their titles.
        rows: one tuple of cells each.
        note: a sentence above it; may be empty.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def tables_of(contents: Contents) -> tuple[Table, ...]:
    """The tables that have rows, in the page's order."""
    history = contents.history
    made = (_stages(history), _executors(history), _conf(contents), _limits(contents))
    return tuple(table for table in made if table.rows)


def readable_size(size: float) -> str:
    """A size for a reader: ``1.5 GiB``."""
    for unit in _UNITS[:-1]:
        if abs(size) < _STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"


def _stages(history: ApplicationHistory) -> Table:
    end = history.ended or history.last_seen
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
        tuple(_stage(one, end) for one in stages[:_MOST_ROWS]),
        _cut(stages, "longest"),
    )


def _stage(stage: StageHistory, end: float | None) -> tuple[Cell, ...]:
    spread = stage.duration
    return (
        Cell(f"{stage.stage}" + (f".{stage.attempt}" if stage.attempt else ""), number=True),
        _words(stage.name + (f": {stage.failure}" if stage.failure else "")),
        _duration(_took(stage, end)),
        Cell(_tasks(stage), number=True),
        Cell(f"{stage.failed:,}", number=True),
        _duration(spread.median if spread else None),
        _duration(spread.high if spread else None),
        _size(stage.input_bytes),
        _size(stage.shuffle_read_bytes),
        _size(stage.shuffle_write_bytes),
        _size(stage.disk_spilled_bytes),
    )


def _tasks(stage: StageHistory) -> str:
    """A record has what was last seen of a stage: of one that is over, not how many tasks were done."""
    is_known = stage.duration is not None or stage.completed is None
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
        _words(executor.id),
        _words(executor.host),
        Cell(f"{executor.cores}" if executor.cores else "", number=True),
        _count(executor.tasks),
        _count(executor.failed),
        _duration(executor.run_s),
        _duration(executor.gc_s),
        _size(executor.heap_peak),
        _size(executor.python_peak),
        _words(removed),
    )


def _conf(contents: Contents) -> Table:
    recorded = contents.summary.get("conf")
    if not isinstance(recorded, dict):
        rows = tuple((_words(key), _words(value)) for key, value in sorted(contents.history.conf.items()))
        return Table("conf", "Spark configuration", ("Key", "Value"), rows)
    found = []
    for key, text in sorted(recorded.items()):
        match = _ORIGIN.match(str(text))
        value, origin = match.groups() if match else (str(text), "")
        found.append((_words(str(key)), _words(value), _words(origin)))
    return Table("conf", "Spark configuration", ("Key", "Value", "Set by"), tuple(found))


def _limits(contents: Contents) -> Table:
    limits = contents.summary.get("limits")
    rows = sorted(limits.items()) if isinstance(limits, dict) else []
    return Table(
        "limits",
        "Limits",
        ("Limit", "Value"),
        tuple((_words(str(key)), _words(str(value))) for key, value in rows),
    )


def _took(stage: StageHistory, end: float | None) -> float | None:
    until = stage.completed or end
    return None if stage.submitted is None or until is None else until - stage.submitted


def _cut(rows: Sequence[object], which: str) -> str:
    return f"The {which} {_MOST_ROWS} of {len(rows):,}." if len(rows) > _MOST_ROWS else ""


def _words(text: str) -> Cell:
    return Cell(one_line(text, _LONGEST_CELL))


def _duration(seconds: float | None) -> Cell:
    return Cell("" if seconds is None else readable_duration(seconds), number=True)


def _size(size: float | None) -> Cell:
    return Cell("" if size is None else readable_size(size), number=True)


def _count(number: int | None) -> Cell:
    return Cell("" if number is None else f"{number:,}", number=True)
