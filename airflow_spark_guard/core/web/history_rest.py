"""The REST API of a history server: requests, and what the answers say about an application's end. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request
from airflow_spark_guard.core.web.snapshot import History
from airflow_spark_guard.core.web.spark_rest import executor_rows

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Dialogue, Row

_NOT_FOUND = 404
_MILLISECONDS = 1000
_MOST = 200
_OPEN_FOR = 600.0  # seconds; the file of a log is written to when its buffer is full


def application(application_id: str) -> Dialogue[History]:
    """The contents of the event log of the application's newest attempt.

    Raises:
        UnusableAnswerError: the answer is not from a history server.
    """
    path = f"/api/v1/applications/{quote(application_id, safe='')}"
    answer = yield Request(path)
    if answer.status == _NOT_FOUND:
        return History()
    attempt = _newest(read.record(read.decoded(answer, "application"), "application"))
    if attempt is None:
        return History()
    # In YARN cluster mode an application has attempts, each with a log of its own.
    number = read.text(attempt, "attemptId", 20)
    base = f"{path}/{quote(number, safe='')}" if number else path
    completed = attempt.get("completed") is True
    failed = (yield from _last_job_failed(base)) if completed else False
    executors = executor_rows((yield Request(f"{base}/allexecutors")), local=False)
    return History(
        known=True,
        completed=completed,
        started=read.epoch_time(attempt, "startTimeEpoch"),
        ended=read.epoch_time(attempt, "endTimeEpoch") if completed else None,
        last_job_failed=failed,
        executors=executors,
    )


def named(name: str, since: EpochTime, *, driver: bool = False) -> Dialogue[tuple[str, ...]]:
    """The ids of running applications with this name; if none runs, the id of the last one that ended.

    A driver that was killed leaves a log that stays open for ever: an open log that was not written to for
    long does not count as a running application.

    Args:
        name: ``spark.app.name``.
        since: applications that ended before do not count.
        driver: the server is a driver's own UI, which lists itself, with its start as its last change.

    Raises:
        UnusableAnswerError: the answer is not from Spark's REST API.
    """
    what = "applications"
    found = read.rows(read.decoded((yield Request("/api/v1/applications")), what), what)
    newest = [(row, _newest(row)) for row in found if row.get("name") == name]
    running: list[str] = []
    ended: list[str] = []
    for row, attempt in newest:
        if attempt is None:
            continue
        done = attempt.get("completed") is True
        touched = read.count(attempt, "endTimeEpoch" if done else "lastUpdatedEpoch") / _MILLISECONDS
        if (driver and not done) or touched >= since - (0.0 if done else _OPEN_FOR):
            (ended if done else running).append(read.text(row, "id"))
    # Newest first, as the server lists them.
    return tuple(running[:_MOST] or ended[:1])


def _newest(row: Row) -> Row | None:
    attempts = read.rows(row.get("attempts"), "attempts")
    return max(attempts, key=lambda attempt: read.count(attempt, "startTimeEpoch"), default=None)


def _last_job_failed(base: str) -> Dialogue[bool]:
    """Whether the newest job failed; raises if that cannot be read, because then the outcome is unknown."""
    what = "jobs"
    found = read.rows(read.decoded((yield Request(f"{base}/jobs?status=failed")), what), what)
    newest = max((read.count(row, "jobId") for row in found), default=None)
    if newest is None:
        return False
    # Jobs are numbered consecutively; the list of successful ones may be too long to read.
    later = yield Request(f"{base}/jobs/{newest + 1}")
    if later.status == _NOT_FOUND:
        return True
    read.record(read.decoded(later, "a job"), "a job")
    return False
