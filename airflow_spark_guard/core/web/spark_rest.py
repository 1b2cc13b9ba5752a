"""Requests to the driver's REST API, and its answers. No I/O; see ``sources/rest.py`` for that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

_MAX_STAGES = 200
_MAX_THREADS = 2000
_MAX_FRAMES = 200
_DETAILED_STAGES = 5
_DRIVER = ("driver", "<driver>")
_MILLISECONDS = 1000
_RECEIVER = "Streaming job running receiver "  # org.apache.spark.streaming.scheduler.ReceiverTracker
_DROPPED = ".LiveListenerBus.queue.appStatus.numDroppedEvents"
MAX_EXECUTORS = 10_000
"""Rows that a view has at most; one with fewer has every executor that the driver lists."""
# The order is that of Stage.counters in every record: append, never reorder.
COUNTERS = (
    "inputBytes",
    "inputRecords",
    "outputBytes",
    "outputRecords",
    "shuffleReadBytes",
    "shuffleReadRecords",
    "shuffleWriteBytes",
    "shuffleWriteRecords",
    "memoryBytesSpilled",
    "diskBytesSpilled",
)


@dataclass(frozen=True)
class JavaThread:
    """A thread of a JVM.

    Attributes:
        name: such as ``Executor task launch worker for task 3.0 in stage 3.0 (TID 8)``; untrusted.
        state: Java's thread state: RUNNABLE, WAITING, ...
        stack: its frames, innermost first, with what they lock or wait for; untrusted.
    """

    name: str
    state: str
    stack: tuple[str, ...]


def check_application(application_id: str) -> Dialogue[EpochTime | None]:
    """Check that this UI belongs to our application: others use port 4040 as well.

    Returns:
        When the application started, seconds since the epoch; None if the UI does not report it.

    Raises:
        UnusableAnswerError: it belongs to another application, or is not a Spark UI.
    """
    what = "applications"
    found = read.rows(read.decoded((yield Request("/api/v1/applications")), what), what)
    ids = [read.text(row, "id") for row in found[:10]]
    if application_id not in ids:
        raise UnusableAnswerError(
            f"the UI does not belong to {application_id} but to {', '.join(ids) or 'no application'}"
        )
    attempts = found[ids.index(application_id)].get("attempts")
    rows = [row for row in attempts if isinstance(row, dict)] if isinstance(attempts, list) else []
    return read.epoch_time(rows[-1], "startTimeEpoch") if rows else None


def look(application_id: str, *, details: bool, local: bool, dropped: int = 0) -> Dialogue[DriverView]:
    """The state of our application.

    Args:
        application_id: id of the application; the UI of another one answers with status 404.
        details: also read the times of tasks of the active stages, and the number of dropped events.
        local: the master is ``local[n]``, and the driver's row is the executor.
        dropped: the known number of dropped events, used without details.

    Raises:
        UnusableAnswerError: an answer is not of this API.
    """
    base = f"/api/v1/applications/{quote(application_id, safe='')}"
    stages = _stages((yield Request(f"{base}/stages?status=active")))
    jobs = _running_jobs((yield Request(f"{base}/jobs?status=running")))
    answer = yield Request(f"{base}/allexecutors")
    executors = executor_rows(answer, local=local)
    if details:
        timed = [stage for stage in stages if stage.active > 0][:_DETAILED_STAGES]
        for stage in timed:
            seen = yield from _times(base, stage)
            stages[stages.index(stage)] = seen
        dropped = yield from _dropped_events(dropped)
    return DriverView(jobs, tuple(stages), executors, dropped, answer.at)


def executors(application_id: str) -> Dialogue[DriverView]:
    """A cheap view: executors, and if none is left the active stages. Jobs are not read.

    Raises:
        UnusableAnswerError: an answer is not of this API, or the UI belongs to another application.
    """
    base = f"/api/v1/applications/{quote(application_id, safe='')}"
    answer = yield Request(f"{base}/allexecutors")
    rows = executor_rows(answer, local=False)
    stages: list[Stage] = []
    if not any(row.active for row in rows):
        stages = _stages((yield Request(f"{base}/stages?status=active")))
    return DriverView(0, tuple(stages), rows, clock=answer.at)


def threads(application_id: str, executor_id: str) -> Dialogue[list[JavaThread]]:
    """The threads of an executor's JVM, or of the driver's (``driver``).

    Raises:
        UnusableAnswerError: the answer is not of this API, for example because the executor is gone.
    """
    what = "threads"
    path = f"{quote(application_id, safe='')}/executors/{quote(executor_id, safe='')}/threads"
    found = read.rows(read.decoded((yield Request(f"/api/v1/applications/{path}")), what), what)
    return [
        JavaThread(
            read.text(row, "threadName"), read.text(row, "threadState"), _frames(row.get("stackTrace"))
        )
        for row in found[:_MAX_THREADS]
    ]


def _frames(trace: object) -> tuple[str, ...]:
    elements = trace.get("elems") if isinstance(trace, dict) else trace
    if not isinstance(elements, list):
        return ()
    return tuple(read.text({"": frame}, "").strip() for frame in elements[:_MAX_FRAMES])


def _stages(answer: Answer) -> list[Stage]:
    found = read.rows(read.decoded(answer, "stages"), "stages")
    return [_stage(row) for row in found if row.get("status") == "ACTIVE"][:_MAX_STAGES]


def _stage(row: Row) -> Stage:
    what = "a stage"
    active, done = (read.required(row, name, what) for name in ("numActiveTasks", "numCompleteTasks"))
    failed = read.required(row, "numFailedTasks", what) + read.count(row, "numKilledTasks")
    launched = read.timestamp(row, "firstTaskLaunchedTime") is not None
    return Stage(
        stage=read.required(row, "stageId", what),
        attempt=read.required(row, "attemptId", what),
        tasks=read.required(row, "numTasks", what),
        active=active,
        done=done,
        failed=failed,
        launched=launched or active + done + failed > 0,
        counters=tuple(read.count(row, name) for name in COUNTERS),
        name=read.text(row, "name"),
        spilled=read.count(row, "memoryBytesSpilled") + read.count(row, "diskBytesSpilled"),
        submitted=read.timestamp(row, "submissionTime"),
        unbounded=read.text(row, "description").startswith(_RECEIVER),
    )


def _running_jobs(answer: Answer) -> int:
    found = read.rows(read.decoded(answer, "jobs"), "jobs")
    return sum(row.get("status") == "RUNNING" for row in found)


def executor_rows(answer: Answer, *, local: bool) -> tuple[Executor, ...]:
    """The executors of an ``allexecutors`` answer, living ones first.

    Raises:
        UnusableAnswerError: the answer is not of this API.
    """
    found = read.rows(read.decoded(answer, "allexecutors"), "allexecutors")
    kept = [row for row in found if local or row.get("id") not in _DRIVER]
    # If there are too many, keep the living ones.
    kept.sort(key=lambda row: row.get("isActive") is not True)
    return tuple(map(_executor, kept[:MAX_EXECUTORS]))


def _executor(row: Row) -> Executor:
    active, logs = row.get("isActive"), row.get("executorLogs")
    if not isinstance(active, bool) or not isinstance(row.get("id"), str):
        raise UnusableAnswerError("an executor: id or isActive is missing")
    return Executor(
        id=read.text(row, "id"),
        active=active,
        added=read.timestamp(row, "addTime") or EpochTime(0.0),
        removed=None if active else read.timestamp(row, "removeTime") or EpochTime(0.0),
        reason=read.text(row, "removeReason"),
        active_tasks=read.count(row, "activeTasks"),
        cores=read.count(row, "totalCores"),
        gc_ms=read.count(row, "totalGCTime"),
        run_ms=read.count(row, "totalDuration"),
        stderr_url=read.web_url(logs, "stderr") if isinstance(logs, dict) else "",
        host=read.text(row, "hostPort").rpartition(":")[0],
    )


def _times(base: str, stage: Stage) -> Dialogue[Stage]:
    """The stage with the times of its tasks, if available."""
    path = f"{base}/stages/{stage.stage}/{stage.attempt}"
    median = longest = None
    with suppress(UnusableAnswerError):  # 404 before the first task has ended
        median = _median((yield Request(f"{path}/taskSummary?quantiles=0.5")))
    with suppress(UnusableAnswerError):  # 404 if the stage has just ended
        # By id: the oldest first. A running task has no run time to sort by.
        longest = _longest((yield Request(f"{path}/taskList?status=RUNNING&sortBy=ID&length=20")))
    return replace(stage, median_seconds=median, longest_seconds=longest)


def _median(answer: Answer) -> float | None:
    summary = read.record(read.decoded(answer, "taskSummary"), "taskSummary")
    # Not ``duration``, which includes running tasks as of the last heartbeat.
    values = summary.get("executorRunTime")
    if not isinstance(values, list) or not values or not read.is_number(values[0]) or values[0] < 0:
        return None
    return float(values[0]) / _MILLISECONDS


def _longest(answer: Answer) -> float | None:
    found = read.rows(read.decoded(answer, "taskList"), "taskList")
    ages = [_age(row, answer.at) for row in found if row.get("status") == "RUNNING"]
    return max(ages, default=None)


def _age(row: Row, now: EpochTime | None) -> float:
    # Spark updates ``duration`` only with heartbeats; the server's clock is its Date header.
    launched, known = read.timestamp(row, "launchTime"), read.count(row, "duration") / _MILLISECONDS
    return known if launched is None or now is None else max(known, now - launched)


def _dropped_events(known: int) -> Dialogue[int]:
    try:
        metrics = read.record(read.decoded((yield Request("/metrics/json/")), "metrics"), "metrics")
    except UnusableAnswerError:
        return known  # the metrics servlet can be switched off
    counters = metrics.get("counters")
    found = counters if isinstance(counters, dict) else {}
    values = [value for name, value in found.items() if name.endswith(_DROPPED) and isinstance(value, dict)]
    return max((read.count(value, "count") for value in values), default=known)
