"""One observation of a running attempt: plain frozen values, the only input of the watchdog.

An observation is created by ``attempt/observer.py``, judged by ``core/watch/watchdog.py``, written to the
attempt's record as one JSON line, and read back by replay tests. Counters are cumulative: two equal values
mean that nothing happened in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, WatchTime
from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.watch.process_sample import ProcessSample

_LAUNCH = partial(LaunchTime, 0.0)
# The job sends a sign of life every 30 s. If it is silent for longer (native code that holds Python's lock),
# the stages that it reported last may have ended long ago.
STALE = 120.0


@dataclass(frozen=True)
class Stage:
    """An active stage attempt.

    Attributes:
        stage: Spark's stage id.
        attempt: the stage's attempt, 0 at first.
        tasks: number of its tasks.
        active: number of running tasks.
        done: number of tasks that succeeded.
        failed: number of task attempts that failed or were killed.
        launched: whether one of its tasks was ever started.
        counters: records and bytes read, written, shuffled, spilled, as reported by the source; their order
            is fixed, their sum is meaningless.
        name: Spark's name for it (``count at job.py:12``); untrusted text.
        spilled: bytes spilled to memory and disk (also among the counters).
        median_seconds: median duration of its finished tasks; None if unknown.
        longest_seconds: longest duration of its running tasks; None if not read.
        submitted: when its tasks were submitted, by the driver's clock; None if unknown.
        sql: a digest of the stage's live SQL metrics, which changes when one of them does. Empty for a stage
            without an SQL execution, and if only the REST API reports the stage.
        python_start: the longest start of a Python worker in this stage, in seconds; 0 if unknown.
        unbounded: whether it lasts as long as the application by design: the receiver of a DStream.
    """

    stage: int
    attempt: int
    tasks: int
    active: int
    done: int
    failed: int
    launched: bool
    counters: tuple[int, ...] = ()
    name: str = ""
    spilled: int = 0
    median_seconds: float | None = None
    longest_seconds: float | None = None
    submitted: EpochTime | None = None
    sql: str = ""
    python_start: float = 0.0
    unbounded: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """(stage, attempt)."""
        return (self.stage, self.attempt)


@dataclass(frozen=True)
class Executor:
    """An executor that the driver knows or has known; the driver itself only counts in ``local[n]``.

    Attributes:
        id: Spark's executor id.
        active: whether the driver still uses it.
        added: when it registered, by the driver's clock; 0 if unknown.
        removed: when it was removed, by the driver's clock; None while it is active.
        reason: Spark's reason for its removal; untrusted text.
        active_tasks: number of tasks running on it; meaningless once it is gone.
        cores: its task slots.
        gc_ms: total time of garbage collection, in milliseconds.
        run_ms: total time of finished tasks, in milliseconds.
        stderr_url: its log page; empty if it has none.
        host: its host.
    """

    id: str
    active: bool
    added: EpochTime = EpochTime(0.0)
    removed: EpochTime | None = None
    reason: str = ""
    active_tasks: int = 0
    cores: int = 0
    gc_ms: int = 0
    run_ms: int = 0
    stderr_url: str = ""
    host: str = ""


@dataclass(frozen=True)
class ExecutorExit:
    """An executor whose end spark-submit has printed; the REST API may never have known it.

    Attributes:
        id: Spark's executor id.
        host: its host; empty if unknown.
        reason: Spark's reason for its end; untrusted text.
        at: when that was printed.
        started: when the cluster manager started it; None if that was not printed.
    """

    id: str
    host: str = ""
    reason: str = ""
    at: LaunchTime = LaunchTime(0.0)
    started: LaunchTime | None = None


@dataclass(frozen=True)
class DriverView:
    """The driver's REST API about our application.

    Attributes:
        jobs: number of running Spark jobs.
        stages: the active ones.
        executors: living and dead ones, without the driver's own row except in ``local[n]``.
        dropped_events: events that the driver's listeners have lost, cumulative: if it grows, the other
            figures may stand still although the job moves.
        clock: the driver's clock; None if unknown.
    """

    jobs: int
    stages: tuple[Stage, ...] = ()
    executors: tuple[Executor, ...] = ()
    dropped_events: int = 0
    clock: EpochTime | None = None


@dataclass(frozen=True)
class Inside:
    """What the job itself has reported on the channel.

    Attributes:
        application_id: empty before there is a SparkContext.
        jobs: number of running Spark jobs, from the status tracker.
        stages: the active ones, from the status tracker; without counters.
        sql: a digest of the live SQL metrics of all running executions. It shows that the job makes progress,
            not in which stage: see :attr:`Stage.sql`.
        heartbeats: number of calls of ``heartbeat()`` and ``report()`` in the driver so far.
        note: text of the last heartbeat; untrusted.
        rss: resident memory of the driver's Python, in bytes.
        ended: whether the closing message came.
        heard_at: when the last message of any kind came; once the script has ended, when it ended.
        heartbeat_at: when the last heartbeat or report came; None before the first one.
        worked_at: when a message last reported Spark jobs of threads, after the script had ended with
            success; None if none did.
    """

    application_id: str = ""
    jobs: int = 0
    stages: tuple[Stage, ...] = ()
    sql: str = ""
    heartbeats: int = 0
    note: str = ""
    rss: int = 0
    ended: bool = False
    heard_at: LaunchTime = LaunchTime(0.0)
    heartbeat_at: LaunchTime | None = None
    worked_at: LaunchTime | None = None

    def works_on(self, at: LaunchTime) -> bool:
        """Whether threads of a script that has ended still run Spark jobs."""
        busy = self.worked_at is not None and bool(self.jobs or self.stages)
        return busy and at - (self.worked_at or 0.0) <= STALE

    def idle_since(self, at: LaunchTime) -> LaunchTime | None:
        """Since when neither the script nor a Spark job of its threads runs; ``at`` while one runs.

        None before the end of the script.
        """
        if not self.ended:
            return None
        return at if self.works_on(at) else max(self.heard_at, self.worked_at or self.heard_at)


@dataclass(frozen=True)
class TaskHeartbeat:
    """The newest ``heartbeat()`` that tasks of one stage have written on one executor.

    Attributes:
        executor: the executor's id; empty for the driver's own output (``local[n]``).
        stage: the stage's id; None if the process that wrote it was not running a task.
        digest: changes with each heartbeat.
    """

    executor: str
    stage: int | None
    digest: str


@dataclass(frozen=True)
class Master:
    """The answer of a standalone master.

    Attributes:
        known: whether it lists our application as active.
        waiting: whether the application waits for its first executor.
        workers: (cores free, MiB free, cores, MiB) of each living worker.
    """

    known: bool
    waiting: bool
    workers: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True)
class HostMemory:
    """Resident memory of the attempt's processes on this host, in bytes; 0 for those that run elsewhere.

    Attributes:
        driver_jvm: of the driver's JVM.
        driver_python: of the driver's Python.
        executor_jvms: of the executors' JVMs.
        workers: of all Python workers; pages that they share count for each.
    """

    driver_jvm: int = 0
    driver_python: int = 0
    executor_jvms: int = 0
    workers: int = 0


@dataclass(frozen=True)
class Observation(Stored):
    """One observation.

    Attributes:
        at: when, by a monotonic clock.
        driver: None if the REST API was not asked or gave no usable answer.
        blind: why it gave none, in one sentence; empty if it answered or was not asked.
        inside: None before the first message.
        readings: samples of processes; None if not requested by the watchdog.
        task_heartbeats: the newest ``heartbeat()`` on executors, by executor and stage.
        executor_exits: number of executors that failed so far, from spark-submit's output: in a crash loop
            none lives long enough for the REST API.
        exit_reason: Spark's reason for the last of them; untrusted.
        exits: the newest executors that ended since the previous observation, from the same output, without
            those removed by the driver.
        executor_peak: the largest number of executors that this SparkContext had at once, from the same
            output; 0 if it lists none.
        master: None if it was not asked or gave no usable answer.
        driver_gone_at: when the driver's Python was first missing; None while it is running, or has never
            been seen.
        memory: of its processes on this host; None if they were not looked for.
        wall: time of day of this observation, for messages; 0 if unknown.
    """

    sparse = True

    at: LaunchTime = field(default_factory=_LAUNCH)  # by a factory, so that the record always has it
    driver: DriverView | None = None
    blind: str = ""
    inside: Inside | None = None
    readings: tuple[ProcessSample, ...] | None = None
    task_heartbeats: tuple[TaskHeartbeat, ...] = ()
    executor_exits: int = 0
    exit_reason: str = ""
    exits: tuple[ExecutorExit, ...] = ()
    executor_peak: int = 0
    master: Master | None = None
    driver_gone_at: LaunchTime | None = None
    memory: HostMemory | None = None
    wall: EpochTime = EpochTime(0.0)

    def launch_time(self, at: WatchTime, now: WatchTime) -> LaunchTime:
        """Convert a time of the watch; ``now`` is the watch's time of this observation."""
        return LaunchTime(self.at - (now - at))
