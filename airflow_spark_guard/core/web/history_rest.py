"""A history server's REST API: what to ask, and what its answers say of an application's end. No I/O."""

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
    """What the event log of the application's newest attempt says.

    Raises:
        UnusableAnswerError: no answer of a history server.
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
    """The ids of the running applications of this name; where none runs, that of the newest ended since then.

    A driver that was killed leaves a log that stays open for ever: one that nobody has written to for long is
    not taken for a running application.

    Args:
        name: ``spark.app.name``.
        since: when an earlier run may have ended.
        driver: a driver's own UI is asked, which lists itself, and names its start as its last change.

    Raises:
        UnusableAnswerError: no answer of Spark's REST API.
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
    """Whether the newest job failed; where that cannot be read, the end cannot be told."""
    what = "jobs"
    found = read.rows(read.decoded((yield Request(f"{base}/jobs?status=failed")), what), what)
    newest = max((read.count(row, "jobId") for row in found), default=None)
    if newest is None:
        return False
    # They are numbered in turn; the list of those that succeeded may be too long to be read.
    later = yield Request(f"{base}/jobs/{newest + 1}")
    if later.status == _NOT_FOUND:
        return True
    read.record(read.decoded(later, "a job"), "a job")
    return False
