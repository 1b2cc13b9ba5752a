"""What a page asks of one attempt: a stack sample, its end, a stored report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.plugins.attempt_view import folder_of, tries_of
from airflow_spark_guard.plugins.row import state_of
from airflow_spark_guard.process.live_reader import read_live, sample_of
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.process.request_writer import leave_request
from airflow_spark_guard.report.writing import NAME as REPORT

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.core.live.request import Kind, Request
    from airflow_spark_guard.plugins.place import Task

_LONGEST_REPORT: Final = 64 << 20
_WHY: Final = {
    "deferred": "A trigger watches the application and reads no requests: mark the task as failed instead.",
    "silent": "Its worker may be gone: mark the task as failed; its next try ends what is left.",
}


def ask(root: Path, task: Task, number: int | None, kind: Kind, user: str) -> Request:
    """Leave a request for an attempt that runs.

    Args:
        root: the folder of all records.
        task: the task instance.
        number: of the try; None for the newest.
        kind: what is asked for.
        user: who asks.

    Raises:
        RecordError: the attempt does not answer such requests, or its record cannot be written.
        OSError: the store cannot be read.
    """
    folder = _chosen(root, task, number)
    record = read_record(folder)
    live = read_live(record)
    state, answers = state_of(record, live), live.fields.get("requests")
    if state != "running" or not isinstance(answers, list) or kind not in answers:
        raise RecordError(
            "The attempt does not answer this request.",
            got=f"state {state}, which answers {answers or 'nothing'}",
            expected=f"a running attempt that answers {kind}",
            advice=_WHY.get(state, "See the page for its state."),
        )
    return leave_request(folder, kind, user)


def report(root: Path, task: Task, number: int | None) -> bytes:
    """The stored report of a try.

    Raises:
        RecordError: there is none.
        OSError: the store cannot be read.
    """
    record = read_record(_chosen(root, task, number))
    try:
        with (record.folder / REPORT).open("rb") as file:
            data: bytes = file.read(_LONGEST_REPORT)
    except FileNotFoundError:
        raise RecordError(
            "The attempt has no report.",
            got=f"no {REPORT} in its record",
            expected="a report, which an attempt writes when it ends",
            advice="spark-guard report makes one from the record.",
        ) from None
    return data


def sample(root: Path, task: Task, number: int | None, request_id: str) -> str:
    """A stack sample that a request has brought; empty if there is none.

    Raises:
        RecordError: there is no such attempt.
        OSError: the store cannot be read.
    """
    return sample_of(read_record(_chosen(root, task, number)), request_id)


def _chosen(root: Path, task: Task, number: int | None) -> Path:
    numbers = tries_of(root, task)
    if number is None and numbers:
        return folder_of(root, task, numbers[0])
    if number is None or number not in numbers:
        raise RecordError(
            "There is no such attempt.",
            got=f"try {number}" if number is not None else "no try with a record",
            expected=", ".join(map(str, numbers)) or "a task that the guard runs",
            advice="Reload the page.",
        )
    return folder_of(root, task, number)
