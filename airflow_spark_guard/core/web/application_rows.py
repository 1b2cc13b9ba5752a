"""Applications, stages and executors as plain rows, from a driver's UI or a history server. No I/O.

Rows can be serialised to JSON: times in seconds since the epoch by the server's clock, None if not reached
yet; sizes in bytes; durations in milliseconds, summed over tasks. Text is bounded and safe to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict
from urllib.parse import quote

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.watch.executor_loss import was_lost
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError
from airflow_spark_guard.core.web.spark_rest import executor_rows

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

MOST_APPLICATIONS = 1000
_MOST_STAGES = 10_000
_API = "/api/v1/applications"
_NOT_FOUND = 404
_LONGEST_SHOWN = 100


class ApplicationRow(TypedDict):
    """An application, by its newest attempt.

    ``completed`` is whether it has ended; a history server knows that only if the event log was closed.
    """

    id: str
    name: str
    user: str
    attempt: str
    started: EpochTime | None
    ended: EpochTime | None
    completed: bool
    spark: str


class StageRow(TypedDict):
    """A stage attempt; ``status`` is ACTIVE, COMPLETE, PENDING, FAILED or SKIPPED.

    ``active``, ``done``, ``failed`` and ``killed`` count tasks; ``submitted``, ``launched`` (its first task)
    and ``ended`` are times; ``reason`` is why it failed.
    """

    id: int
    attempt: int
    name: str
    status: str
    tasks: int
    active: int
    done: int
    failed: int
    killed: int
    submitted: EpochTime | None
    launched: EpochTime | None
    ended: EpochTime | None
    reason: str
    input_bytes: int
    output_bytes: int
    shuffle_read_bytes: int
    shuffle_write_bytes: int
    spilled_bytes: int
    run_ms: int


class ExecutorRow(TypedDict):
    """An executor, living or gone; the driver has a row of its own, with id ``driver``.

    ``added`` and ``removed`` are times, ``reason`` is Spark's text about why it was removed.
    """

    id: str
    host: str
    active: bool
    added: EpochTime | None
    removed: EpochTime | None
    reason: str
    cores: int
    active_tasks: int
    gc_ms: int
    run_ms: int
    stderr_url: str


class RestartRow(TypedDict):
    """An executor that was lost: not removed by dynamic allocation, not decommissioned."""

    executor: str
    host: str
    reason: str
    at: EpochTime | None


def applications() -> Dialogue[list[ApplicationRow]]:
    """The applications that the server knows, at most 1000; a driver knows only its own.

    Raises:
        UnusableAnswerError: the answer is not of this API.
    """
    what = "applications"
    answer = yield Request(f"{_API}?limit={MOST_APPLICATIONS}")
    found = read.rows(read.decoded(answer, what), what)[:MOST_APPLICATIONS]
    return [_application(row) for row in found]


def stages(application_id: str, status: str = "") -> Dialogue[list[StageRow]]:
    """The stages of an application that the server still has, optionally only those with this status.

    Raises:
        UnusableAnswerError: the application is not known, or the answer is not of this API.
    """
    base = yield from _base(application_id)
    query = f"?status={quote(status.lower(), safe='')}" if status else ""
    found = read.rows(read.decoded((yield Request(f"{base}/stages{query}")), "stages"), "stages")
    return [_stage(row) for row in found[:_MOST_STAGES]]


def executors(application_id: str) -> Dialogue[list[ExecutorRow]]:
    """The executors of an application, living ones first.

    Raises:
        UnusableAnswerError: the application is not known, or the answer is not of this API.
    """
    return [_executor(row) for row in (yield from _executors(application_id, local=True))]


def restarts(application_id: str) -> Dialogue[list[RestartRow]]:
    """The executors that an application has lost, oldest loss first. A driver forgets all but the last 100.

    Raises:
        UnusableAnswerError: the application is not known, or the answer is not of this API.
    """
    found = yield from _executors(application_id, local=False)
    lost = [row for row in found if not row.active and was_lost(row.reason)]
    lost.sort(key=lambda row: row.removed or 0.0)
    return [
        RestartRow(executor=row.id, host=row.host, reason=row.reason, at=row.removed or None) for row in lost
    ]


def _executors(application_id: str, *, local: bool) -> Dialogue[tuple[Executor, ...]]:
    base = yield from _base(application_id)
    return executor_rows((yield Request(f"{base}/allexecutors")), local=local)


def _base(application_id: str) -> Dialogue[str]:
    """The path of the newest attempt: a history server has no other path for an application with attempts."""
    path = f"{_API}/{quote(application_id, safe='')}"
    answer = yield Request(path)
    attempt = _newest(read.record(_known(answer, application_id), "application"))
    number = read.text(attempt, "attemptId", 20)
    return f"{path}/{quote(number, safe='')}" if number else path


def _known(answer: Answer, application_id: str) -> object:
    if answer.status == _NOT_FOUND and answer.body.lstrip()[:1] != b"<":
        shown = read.text({"": application_id}, "", _LONGEST_SHOWN)
        raise UnusableAnswerError(
            f"it does not know application {shown!r}",
            advice="Check the id. A driver knows only its own; a history server finds a new event log after "
            "about 10 s, and only in its own folder.",
        )
    return read.decoded(answer, "application")


def _newest(row: Row) -> Row:
    attempts = row.get("attempts")
    found = [one for one in attempts if isinstance(one, dict)] if isinstance(attempts, list) else []
    return max(found, key=lambda one: read.timestamp(one, "startTime") or 0.0, default={})


def _application(row: Row) -> ApplicationRow:
    attempt = _newest(row)
    completed = attempt.get("completed") is True
    return ApplicationRow(
        id=read.text(row, "id"),
        name=read.text(row, "name"),
        user=read.text(attempt, "sparkUser"),
        attempt=read.text(attempt, "attemptId", 20),
        started=read.timestamp(attempt, "startTime"),
        ended=read.timestamp(attempt, "endTime") if completed else None,
        completed=completed,
        spark=read.text(attempt, "appSparkVersion", 50),
    )


def _stage(row: Row) -> StageRow:
    return StageRow(
        id=read.required(row, "stageId", "a stage"),
        attempt=read.required(row, "attemptId", "a stage"),
        name=read.text(row, "name"),
        status=read.text(row, "status", 20),
        tasks=read.count(row, "numTasks"),
        active=read.count(row, "numActiveTasks"),
        done=read.count(row, "numCompleteTasks"),
        failed=read.count(row, "numFailedTasks"),
        killed=read.count(row, "numKilledTasks"),
        submitted=read.timestamp(row, "submissionTime"),
        launched=read.timestamp(row, "firstTaskLaunchedTime"),
        ended=read.timestamp(row, "completionTime"),
        reason=read.text(row, "failureReason"),
        input_bytes=read.count(row, "inputBytes"),
        output_bytes=read.count(row, "outputBytes"),
        shuffle_read_bytes=read.count(row, "shuffleReadBytes"),
        shuffle_write_bytes=read.count(row, "shuffleWriteBytes"),
        spilled_bytes=read.count(row, "memoryBytesSpilled") + read.count(row, "diskBytesSpilled"),
        run_ms=read.count(row, "executorRunTime"),
    )


def _executor(row: Executor) -> ExecutorRow:
    return ExecutorRow(
        id=row.id,
        host=row.host,
        active=row.active,
        added=row.added or None,
        removed=row.removed or None,
        reason=row.reason,
        cores=row.cores,
        active_tasks=row.active_tasks,
        gc_ms=row.gc_ms,
        run_ms=row.run_ms,
        stderr_url=row.stderr_url,
    )
