"""One application as a whole: what a report draws, wherever it comes from.

Built from an event log (``core/history/event_fold.py``) or from the record of an attempt
(``core/history/of_record.py``). A figure that a source does not give is None or an empty tuple, never 0.

Times are seconds since the epoch, durations seconds, sizes bytes. All texts are untrusted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.history.stage_model import Spread, StageHistory, TaskHistory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.clock import EpochTime

__all__ = [
    "ApplicationHistory",
    "ExecutorHistory",
    "JobHistory",
    "Sample",
    "Spread",
    "SqlHistory",
    "SqlNode",
    "StageHistory",
    "TaskHistory",
]


@dataclass(frozen=True)
class ExecutorHistory:
    """One executor.

    Attributes:
        id: Spark's executor id.
        host: its host; empty if unknown.
        cores: its task slots.
        added: when it registered; None if unknown.
        removed: when it was removed; None if it was there to the end.
        reason: Spark's reason for its removal; empty without one.
        tasks: task attempts that ended on it.
        failed: of these, failed.
        run_s: run time of these, in task-seconds.
        gc_s: time of garbage collection during these.
        heap_peak: largest JVM heap in bytes; None if it was not measured.
        jvm_peak: largest resident memory of its JVM in bytes.
        python_peak: largest resident memory of its Python workers in bytes.
        log_url: its log page; empty without one.
    """

    id: str
    host: str = ""
    cores: int = 0
    added: EpochTime | None = None
    removed: EpochTime | None = None
    reason: str = ""
    tasks: int | None = None
    failed: int | None = None
    run_s: float | None = None
    gc_s: float | None = None
    heap_peak: int | None = None
    jvm_peak: int | None = None
    python_peak: int | None = None
    log_url: str = ""


@dataclass(frozen=True)
class JobHistory:
    """One Spark job.

    Attributes:
        job: its id.
        description: of the job, else the call that started it.
        submitted: when it was submitted.
        completed: when it ended; None if it did not.
        failure: Spark's reason; empty if it succeeded, or has not ended.
        stages: ids of its stages.
        execution: id of its SQL execution; None without one.
    """

    job: int
    description: str = ""
    submitted: EpochTime | None = None
    completed: EpochTime | None = None
    failure: str = ""
    stages: tuple[int, ...] = ()
    execution: int | None = None


@dataclass(frozen=True)
class SqlNode:
    """One operator of a physical plan.

    Attributes:
        name: Spark's name for it, such as ``BroadcastNestedLoopJoin``.
        text: what Spark prints of it, at most 2,000 characters.
        metrics: the sum of each of its metrics by name: bytes, records, milliseconds or a number of files.
        depth: 0 for the root.
    """

    name: str
    text: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    depth: int = 0


@dataclass(frozen=True)
class SqlHistory:
    """One SQL execution.

    Attributes:
        execution: its id.
        description: the call or the statement.
        started: when it started.
        ended: when it ended; None if it did not.
        failure: Spark's message; empty without one.
        nodes: the operators of its last (adaptive) plan, parents before children.
    """

    execution: int
    description: str = ""
    started: EpochTime | None = None
    ended: EpochTime | None = None
    failure: str = ""
    nodes: tuple[SqlNode, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Figures at one moment.

    Attributes:
        at: when.
        running: tasks that ran.
        cores: task slots that were there.
        done: tasks that have succeeded so far.
        driver_jvm: resident memory of the driver's JVM in bytes; None if unknown.
        driver_python: resident memory of the driver's Python in bytes; None if unknown.
        workers: resident memory of Python workers in bytes; None if unknown.
        executor_jvms: resident memory of the executors' JVMs in bytes; None if unknown.
        gc_s: time of garbage collection so far, of all executors; None if unknown.
        heartbeats: calls of ``heartbeat()`` so far; None if unknown.
    """

    at: EpochTime
    running: int | None = None
    cores: int | None = None
    done: int | None = None
    driver_jvm: int | None = None
    driver_python: int | None = None
    workers: int | None = None
    gc_s: float | None = None
    heartbeats: int | None = None
    executor_jvms: int | None = None


@dataclass(frozen=True)
class ApplicationHistory:
    """What is known of one application.

    Attributes:
        id: Spark's application id; empty if unknown.
        attempt: which of YARN's attempts of it; empty but in YARN's cluster mode.
        name: its name.
        user: who ran it.
        spark_version: such as ``4.2.0``; empty if unknown.
        started: when it started; None if unknown.
        ended: when it ended; None if it has not, or did not say so.
        exit_code: of its driver; None if unknown. 0 proves nothing: a driver that fails may stop Spark first.
        first_seen: time of the first thing that is known of it; None if nothing is.
        last_seen: time of the last thing that is known of it; None if nothing is.
        conf: Spark's configuration, secrets masked.
        jobs: by id.
        stages: attempts that were submitted, by id and attempt.
        executors: in the order in which they came; in ``local[n]`` the driver.
        executions: by id.
        samples: by time.
        missing: what is not known, and why: one sentence each.
    """

    id: str = ""
    attempt: str = ""
    name: str = ""
    user: str = ""
    spark_version: str = ""
    started: EpochTime | None = None
    ended: EpochTime | None = None
    exit_code: int | None = None
    first_seen: EpochTime | None = None
    last_seen: EpochTime | None = None
    conf: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[JobHistory, ...] = ()
    stages: tuple[StageHistory, ...] = ()
    executors: tuple[ExecutorHistory, ...] = ()
    executions: tuple[SqlHistory, ...] = ()
    samples: tuple[Sample, ...] = ()
    missing: tuple[str, ...] = ()
