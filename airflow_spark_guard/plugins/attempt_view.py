"""One task instance with its tries, as its page shows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.plugins.place import TRY
from airflow_spark_guard.plugins.row import of_summary, row_of, silence_of, state_of
from airflow_spark_guard.process.live_reader import answers_of, cleaned, read_live
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.writing import NAME as REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_spark_guard.plugins.place import Task
    from airflow_spark_guard.process.record_reader import AttemptRecord

_MOST_TRIES = 50
_FIELDS = ("what", "got", "advice", "place", "cause", "application_id", "mode")
_OBSERVED = ("verdict", "what", "got", "advice", "place")
_LIMITS = ("deadline", "stall_timeout")
_TEXT = 4000


def tries_of(root: Path, task: Task) -> list[int]:
    """The numbers of the tries that have a record, the newest first.

    Raises:
        OSError: the store cannot be read; a task without a record has no tries.
    """
    root.stat()
    try:
        with os.scandir(task.folder(root)) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [match for match in map(TRY.fullmatch, names) if match and int(match[1] or -1) == task.map_index]
    return sorted((int(match[2]) for match in found), reverse=True)[:_MOST_TRIES]


def folder_of(root: Path, task: Task, number: int) -> Path:
    """The folder of a try."""
    return task.folder(root) / task.try_name(number)


def attempt_view(root: Path, task: Task, number: int | None) -> dict[str, Any]:
    """The page's data.

    Args:
        root: the folder of all records.
        task: the task instance.
        number: of the try; None for the newest.

    Raises:
        OSError: the store cannot be read.
    """
    numbers = tries_of(root, task)
    chosen = number if number in numbers else numbers[0] if numbers else None
    return {
        **task.shown(),
        "tries": [_brief(root, task, one) for one in numbers],
        "try": chosen,
        "attempt": None if chosen is None else _attempt(folder_of(root, task, chosen)),
    }


def _brief(root: Path, task: Task, number: int) -> dict[str, Any]:
    row = row_of(folder_of(root, task, number))
    return {"try": number, "state": row["state"], "verdict": row["verdict"]}


def _attempt(folder: Path) -> dict[str, Any]:
    try:
        record = read_record(folder)
    except RecordError as error:
        return {"state": "unreadable", "trouble": [one_line(str(error), _TEXT)]}
    live = read_live(record)
    return {
        **of_summary(record),
        **{name: one_line(record.text(name), _TEXT) for name in _FIELDS},
        "limit_s": record.number("limit_s"),
        "orphans": cleaned(record.summary.get("orphans")) or [],
        "observed": _observed(record),
        "limits": {name: cleaned(_limits(record).get(name)) for name in _LIMITS},
        "is_over": record.is_over,
        "state": state_of(record, live),
        "silent_s": None if record.is_over else silence_of(live),
        "live": None if record.is_over else dict(live.fields) or None,
        "answers": list(answers_of(record)),
        "has_report": record.is_over and _has(record, REPORT),
        "trouble": [*record.trouble, *([live.trouble] if live.trouble else [])],
    }


def _observed(record: AttemptRecord) -> Sequence[dict[str, str]]:
    rows = record.summary.get("observed")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [{name: one_line(str(row.get(name) or ""), _TEXT) for name in _OBSERVED} for row in found[:20]]


def _limits(record: AttemptRecord) -> dict[str, Any]:
    limits = record.summary.get("limits")
    return limits if isinstance(limits, dict) else {}


def _has(record: AttemptRecord, name: str) -> bool:
    try:
        with (record.folder / name).open("rb"):
            return True
    except OSError:
        return False
