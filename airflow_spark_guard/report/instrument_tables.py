"""What the job's instruments have measured, as the page shows it; names are the job's and untrusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.instruments.groups import SHORT, SKEWED, frames, largest, uneven_stages, warned
from airflow_spark_guard.core.instruments.words import captured_words
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.report.alert_views import AlertView
from airflow_spark_guard.report.cells import Cell, Table, count, duration, size, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.instruments.groups import FrameRow
    from airflow_spark_guard.core.instruments.instrument import Instrument

_MOST_ROWS: Final = 50
_MOST_WARNINGS: Final = 20
_LONGEST: Final = 1000
_MARK: Final = "warning"
_TITLES: Final = {
    "closure": "closure",
    "frame": "DataFrame",
    "checkpoint": "checkpoint",
    "broadcast": "broadcast",
    "stage": "stage",
}


def instrument_tables(measured: Sequence[Instrument]) -> tuple[Table, ...]:
    """The tables that have rows; rows with a warning come first and are marked."""
    made = (_closures(measured), _frames(measured), _broadcasts(measured), _stages(measured))
    return tuple(table for table in made if table.rows)


def instrument_alerts(measured: Sequence[Instrument]) -> tuple[AlertView, ...]:
    """The warnings, each once; the tables mark the rows of those beyond the first 20."""
    return tuple(
        AlertView(
            severity=_MARK,
            tone="warn",
            title=one_line(f"{_TITLES[one.what]}: {one.name}", _LONGEST),
            what=one.warning,
            line=one.line,
            cure="",
        )
        for one in warned(measured)[:_MOST_WARNINGS]
    )


def _closures(measured: Sequence[Instrument]) -> Table:
    found = largest(measured, "closure")
    rows = tuple(
        (
            _name(one.name, has_warning=bool(one.warning)),
            size(one.number("bytes")),
            words(", ".join(map(captured_words, one.captured))),
            words(one.line),
        )
        for one in found[:_MOST_ROWS]
    )
    columns = ("Function", "Size", "Largest captured objects", "Line")
    return Table("instruments-closures", "Closures", columns, rows, _left_out(found))


def _frames(measured: Sequence[Instrument]) -> Table:
    found = frames(measured)
    columns = (
        "DataFrame",
        "Lineage depth",
        "After checkpoint",
        "Partitions",
        "Estimated size",
        "Checkpoint",
        "Line",
    )
    rows = tuple(map(_frame, found[:_MOST_ROWS]))
    return Table("instruments-frames", "DataFrames", columns, rows, _left_out(found))


def _frame(row: FrameRow) -> tuple[Cell, ...]:
    frame, checkpoint = row.frame, row.checkpoint
    how = ""
    if checkpoint is not None:
        took = duration(checkpoint.number("seconds")).text
        how = ", ".join(filter(None, (checkpoint.texts.get("how", "yes"), took)))
    return (
        _name(row.name, has_warning=row.has_warning),
        count(row.depth),
        count(checkpoint.number("depth_after") if checkpoint is not None else None),
        count(frame.number("partitions") if frame is not None else None),
        size(frame.number("bytes") if frame is not None else None),
        words(how),
        words(row.line),
    )


def _broadcasts(measured: Sequence[Instrument]) -> Table:
    found = largest(measured, "broadcast")
    rows = tuple(
        (
            _name(one.name, has_warning=bool(one.warning)),
            size(one.number("bytes")),
            words(one.texts.get("type", "")),
            words(one.line),
        )
        for one in found[:_MOST_ROWS]
    )
    columns = ("Broadcast", "Size", "Type", "Line")
    return Table("instruments-broadcasts", "Broadcasts", columns, rows, _left_out(found))


def _stages(measured: Sequence[Instrument]) -> Table:
    found = uneven_stages(measured)
    columns = ("Stage", "Tasks", "Spilled", "Skew", "Longest task", "Median task", "Results", "GC", "Line")
    note = (
        f"Those that spilled, or whose longest task took at least {SHORT:g}s and {SKEWED:g} times the median."
    )
    rows = tuple(map(_stage, found[:_MOST_ROWS]))
    return Table(
        "instruments-stages",
        "Stages with spill or skew",
        columns,
        rows,
        " ".join([note, _left_out(found)]).strip(),
    )


def _stage(one: Instrument) -> tuple[Cell, ...]:
    number, attempt, skew = one.number("stage"), one.number("attempt"), one.number("skew")
    share = one.number("gc_share")
    known = "" if number is None else f"{number:.0f}" + (f".{attempt:.0f}" if attempt else "")
    return (
        _name(": ".join(filter(None, (known, one.name))), has_warning=bool(one.warning)),
        count(one.number("tasks")),
        size(one.number("spill_bytes")),
        Cell("" if skew is None else f"{skew:.3g}", number=True),
        duration(one.number("max_s")),
        duration(one.number("median_s")),
        size(one.number("result_bytes")),
        Cell("" if share is None else f"{share:.0%}", number=True),
        words(one.line),
    )


def _name(name: str, *, has_warning: bool) -> Cell:
    return words(name or "without a name", _MARK if has_warning else "")


def _left_out(rows: Sequence[object]) -> str:
    more = len(rows) - _MOST_ROWS
    return f"The first {_MOST_ROWS} of {len(rows):,}; {more:,} are left out." if more > 0 else ""
