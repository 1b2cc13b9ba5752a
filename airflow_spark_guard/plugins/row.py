"""One attempt as a row of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.live_reader import LiveFile, read_live
from airflow_spark_guard.process.record_reader import read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow_spark_guard.process.record_reader import AttemptRecord

SILENT: Final = 30.0
"""Seconds without a new ``live.json`` after which a running attempt counts as silent."""
_OPEN = {"running", "deferred"}
_WHAT = 300


def row_of(folder: Path) -> dict[str, Any]:
    """The row of the record in this folder; one that cannot be read says so."""
    try:
        record = read_record(folder)
    except RecordError as error:
        return {"state": "unreadable", "verdict": "", "what": one_line(f"{error.what} {error.advice}", _WHAT)}
    live = read_live(record) if record.state in _OPEN else LiveFile()
    return {
        **of_summary(record),
        **progress_of(live),
        "state": state_of(record, live),
        "silent_s": silence_of(live),
    }


def of_summary(record: AttemptRecord) -> dict[str, Any]:
    """What the summary says."""
    trouble = record.trouble[0] if record.trouble and not record.state else ""
    return {
        "verdict": one_line(record.text("verdict"), 40),
        "what": one_line(record.text("what") or trouble, _WHAT),
        "started_at": record.number("started_at"),
        "took_s": record.number("ended_at_s"),
        "mode": one_line(record.text("mode"), 20),
    }


def state_of(record: AttemptRecord, live: LiveFile, now: EpochTime | None = None) -> str:
    """``running``, ``silent``, ``deferred``, ``success``, ``failed``, or ``unreadable``."""
    if record.state != "running":
        return record.state or "unreadable"
    silent = silence_of(live, now)
    if silent is None:
        started = record.number("started_at") or 0.0
        silent = (epoch_now() if now is None else now) - started
    return "silent" if silent > SILENT else "running"


def silence_of(live: LiveFile, now: EpochTime | None = None) -> float | None:
    """Seconds since ``live.json`` was written; None without one."""
    if not live.written:
        return None
    return round(max(0.0, (epoch_now() if now is None else now) - live.written), 1)


def progress_of(live: LiveFile) -> dict[str, Any]:
    """Progress, warnings, and what stands longest against its limit."""
    fields = live.fields
    stages = [row for row in _list(fields.get("stages")) if isinstance(row, dict)]
    warnings = [row for row in _list(fields.get("warnings")) if isinstance(row, dict)]
    standing = [
        row for row in (*stages, fields.get("driver")) if isinstance(row, dict) and "counted_s" in row
    ]
    worst = max(standing, key=_share, default={})
    tasks, done = (sum(int(_number(row.get(name)) or 0) for row in stages) for name in ("tasks", "done"))
    lefts = [_number(row.get("left_s")) for row in stages]
    known = [left for left in lefts if left is not None]
    return {
        "phase": fields.get("phase", ""),
        "at": _number(fields.get("at")),
        "looked_at": _number(fields.get("looked_at")),
        "stages": len(stages),
        "tasks": tasks,
        "done": done,
        "left_s": max(known) if known and len(known) == len(lefts) else None,
        "counted_s": _number(worst.get("counted_s")),
        "limit_s": _number(worst.get("limit_s")),
        "stands": _name(worst),
        "doing": worst.get("doing") or "",
        "warnings": len(warnings),
        "warning": str(warnings[-1].get("text") or "") if warnings else "",
    }


def _name(row: Mapping[str, Any]) -> str:
    if not row:
        return ""
    if "stage" not in row:
        return "the driver, without an active stage"
    name = row.get("name")
    return f"stage {row['stage']}" + (f" ({name})" if name else "")


def _share(row: Mapping[str, Any]) -> float:
    """How much of its limit is used; without a limit it comes last."""
    limit, counted = _number(row.get("limit_s")), _number(row.get("counted_s")) or 0.0
    return counted / limit if limit else counted / 1e12


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
