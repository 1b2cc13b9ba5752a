"""One stage as a report draws it; ``core/history/model.py`` has the whole application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.clock import EpochTime


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over the tasks of a stage; all in the figure's own unit.

    Attributes:
        count: number of tasks.
        low: the smallest.
        p25: first quartile.
        median: second quartile.
        p75: third quartile.
        high: the largest.
        total: the sum.
    """

    count: int
    low: float
    p25: float
    median: float
    p75: float
    high: float
    total: float


@dataclass(frozen=True)
class StageHistory:
    """One attempt of a stage.

    Attributes:
        stage: Spark's stage id.
        attempt: 0 at first.
        name: Spark's name for it (``count at job.py:12``).
        details: the call stack that Spark has noted; empty if unknown.
        tasks: number of its tasks.
        done: task attempts that succeeded.
        failed: task attempts that failed.
        killed: task attempts that Spark ended (a speculative copy, a cancelled stage).
        submitted: when it was submitted; None if unknown.
        completed: when it completed or failed; None while it is active or if it was skipped.
        failure: Spark's reason for its failure; empty if it did not fail.
        execution: id of its SQL execution; None without one.
        jobs: ids of the jobs that needed it.
        duration: of its finished tasks, in seconds.
        read: bytes that its tasks read, of input and of shuffle.
        run_s: time that its tasks ran on executors, in task-seconds; ``lost_s`` is part of it.
        cpu_s: CPU time of the executors' JVM threads in it.
        gc_s: time of garbage collection while its tasks ran.
        lost_s: run time of task attempts that failed or were killed.
        deserialize_s: time to load tasks.
        scheduler_s: Spark's scheduler delay, summed: time of tasks that was neither their work nor the fetch
            of their results.
        fetch_wait_s: time that tasks waited for shuffle data.
        input_bytes: read from storage.
        input_records: read from storage.
        output_bytes: written to storage.
        output_records: written to storage.
        shuffle_read_bytes: read from a shuffle.
        shuffle_write_bytes: written to a shuffle.
        memory_spilled_bytes: spilled, as in memory.
        disk_spilled_bytes: spilled, as on disk.
        peak_memory_bytes: largest execution memory of one task.
        by_executor: run time of its tasks for each executor id, in task-seconds.
        slowest: its longest task attempts, longest first, at most ten.
        call: the call of the user's code that needed it, such as ``count at /jobs/job.py:12``; empty if
            Spark does not name one.
        first_task: when its first task was launched; None if unknown or if none was.
        speculative_s: the part of ``lost_s`` of attempts that Spark killed because another attempt of that
            task had succeeded; None if unknown.
        task_failure: why the first of its task attempts failed, shortened; empty if unknown or if none did.
    """

    stage: int
    attempt: int
    name: str = ""
    details: str = ""
    tasks: int = 0
    done: int = 0
    failed: int = 0
    killed: int = 0
    submitted: EpochTime | None = None
    completed: EpochTime | None = None
    failure: str = ""
    execution: int | None = None
    jobs: tuple[int, ...] = ()
    duration: Spread | None = None
    read: Spread | None = None
    run_s: float | None = None
    cpu_s: float | None = None
    gc_s: float | None = None
    lost_s: float | None = None
    deserialize_s: float | None = None
    scheduler_s: float | None = None
    fetch_wait_s: float | None = None
    input_bytes: int | None = None
    input_records: int | None = None
    output_bytes: int | None = None
    output_records: int | None = None
    shuffle_read_bytes: int | None = None
    shuffle_write_bytes: int | None = None
    memory_spilled_bytes: int | None = None
    disk_spilled_bytes: int | None = None
    peak_memory_bytes: int | None = None
    by_executor: Mapping[str, float] = field(default_factory=dict)
    slowest: tuple[TaskHistory, ...] = ()
    call: str = ""
    first_task: EpochTime | None = None
    speculative_s: float | None = None
    task_failure: str = ""


@dataclass(frozen=True)
class TaskHistory:
    """One task attempt.

    Attributes:
        task: Spark's task id.
        index: its place in the stage, from 0.
        attempt: 0 at first.
        executor: id of its executor.
        host: its host.
        started: when it was launched.
        seconds: how long it took.
        speculative: whether it was a speculative copy.
        read_bytes: read from storage and shuffle.
        failure: why it failed, shortened; empty if it succeeded.
    """

    task: int
    index: int
    attempt: int
    executor: str
    host: str
    started: EpochTime
    seconds: float
    speculative: bool = False
    read_bytes: int = 0
    failure: str = ""
