"""One look at a running attempt: plain frozen values, the only thing that the watchdog is given.

An observation is made by ``attempt/observer.py``, judged by ``core/watch/watchdog.py``, written to the
attempt's record as one JSON line, and read back by replay tests. Counters are cumulative: two equal values
mean that nothing happened between, whether somebody looked or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, WatchTime
from airflow_spark_guard.core.codec import Stored

_LAUNCH = partial(LaunchTime, 0.0)


@dataclass(frozen=True)
class Stage:
    """An active stage attempt.

    Attributes:
        stage: Spark's stage id.
        attempt: the stage's attempt, 0 at first.
        tasks: how many it has.
        active: tasks running now.
        done: tasks finished well.
        failed: task attempts that failed or were killed.
        launched: whether a task of it was ever started.
        counters: records and bytes read, written, shuffled, spilled, as the source gives them; their order is
            fixed, their sum means nothing.
        name: as Spark names it («count at job.py:12»); untrusted text.
        spilled: bytes spilled to memory and disk (also among the counters).
        median_seconds: of its finished tasks; None when unknown.
        longest_seconds: of its running tasks; None when not looked at.
        submitted: when its tasks were handed out, seconds since the epoch by the driver's clock; None when
            unknown.
        sql: the stage's live SQL metrics, digested: it changes when one of them does. Empty for a stage
            without an SQL execution, and where only the REST API reports the stage.
        python_start: the longest start of a Python worker in this stage, seconds; 0 when unknown.
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
    """An executor that the driver knows or has known; the driver itself is none, except in ``local[n]``.

    Attributes:
        id: Spark's executor id.
        active: whether the driver still counts on it.
        added: when it registered, seconds since the epoch by the driver's clock; 0 when unknown.
        removed: when it was removed, the same; None while it is active.
        reason: why it was removed, in Spark's words; untrusted text.
        active_tasks: tasks running on it; meaningless once it is gone.
        cores: its task slots.
        gc_ms: total time of garbage collection, milliseconds.
        run_ms: total time of finished tasks, milliseconds.
        stderr_url: its log page; empty where there is none.
        host: where it runs.
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
        host: where it ran; empty when unknown.
        reason: why it ended, in Spark's words; untrusted text.
        at: when that was printed, seconds since the launch.
        started: when the cluster manager granted it, the same; None when that was not printed.
    """

    id: str
    host: str = ""
    reason: str = ""
    at: LaunchTime = LaunchTime(0.0)
    started: LaunchTime | None = None


@dataclass(frozen=True)
class DriverView:
    """What the driver's REST API says of our application.

    Attributes:
        jobs: Spark jobs running now.
        stages: the active ones.
        executors: living and dead ones, without the driver's own row except in ``local[n]``.
        dropped_events: events that the driver's listeners have lost, cumulative: where it grows, the other
            figures may stand still although the job moves.
        clock: the driver's, seconds since the epoch; None where it did not say.
    """

    jobs: int
    stages: tuple[Stage, ...] = ()
    executors: tuple[Executor, ...] = ()
    dropped_events: int = 0
    clock: EpochTime | None = None


@dataclass(frozen=True)
class Inside:
    """What the job itself has said on the channel.

    Attributes:
        application_id: empty before there is a SparkContext.
        jobs: Spark jobs running, by the status tracker.
        stages: the active ones, by the status tracker; without counters.
        sql: the live SQL metrics of all running executions, digested. It shows that the job does something,
            not which stage: see :attr:`Stage.sql`.
        heartbeats: calls of ``heartbeat()`` and ``report()`` in the driver so far.
        note: the last heartbeat's text; untrusted.
        rss: resident memory of the driver's Python, bytes.
        ended: whether the closing message came.
        heard_at: when the last message of any kind came, seconds since the launch.
        heartbeat_at: when the last heartbeat or report came, the same; None before the first one.
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


@dataclass(frozen=True)
class Reading:
    """One look at a process or thread that may be stuck.

    Attributes:
        role: ``worker`` (a Python worker), ``task`` (a task's thread in an executor's JVM), ``driver`` (the
            driver's Python), ``jvm`` (the driver's JVM).
        key: tells it from the others, over time: pid and start time, or the thread's name.
        executor: of which executor; empty for the driver.
        cpu: CPU time so far, seconds; None where it cannot be seen.
        switches: voluntary context switches of all its threads so far; None where they cannot be seen.
            The others say how crowded the machine is.
        io: bytes read and written so far; None where they cannot be seen.
        stack: a hash of its stack; empty where it cannot be read.
        locals: a hash of stack and local variables; empty where they cannot be read.
        place: the innermost line of the user's own Python, ``file:line, function``; untrusted.
        kind: of a JVM thread: ``python`` (it waits for its Python worker), ``python_start`` (for that worker
            to start), ``shuffle``, ``gc``, ``lock``, ``io``, ``planning``, ``running``, ``waiting``; of a
            Python worker ``idle`` when it has no task; empty otherwise.
        stage: id of the stage whose task it runs; None when unknown.
        delay: seconds so far in which its threads could run and had no CPU; None where it cannot be seen.
        watched: seconds so far in which its system calls were watched.
        moved: how often it was seen to move bytes then, standard output and error aside.
    """

    role: str
    key: str
    executor: str = ""
    cpu: float | None = None
    switches: int | None = None
    io: int | None = None
    stack: str = ""
    locals: str = ""
    place: str = ""
    kind: str = ""
    stage: int | None = None
    delay: float | None = None
    watched: float = 0.0
    moved: int = 0


@dataclass(frozen=True)
class TaskHeartbeat:
    """The newest ``heartbeat()`` that tasks of one stage have written on one executor.

    Attributes:
        executor: the executor's id; empty for what the driver's own output shows (``local[n]``).
        stage: the stage's id; None where the process that wrote it ran no task.
        digest: changes with each heartbeat.
    """

    executor: str
    stage: int | None
    digest: str


@dataclass(frozen=True)
class Master:
    """What a standalone master says.

    Attributes:
        known: whether it knows our application as active.
        waiting: whether the application waits for its first executor.
        workers: (cores free, MiB free, cores, MiB) of each living worker.
    """

    known: bool
    waiting: bool
    workers: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True)
class Observation(Stored):
    """One look.

    Attributes:
        at: seconds since the launch, by a clock that never jumps.
        driver: None where the REST API was not asked or gave no usable answer.
        blind: why it gave none: one sentence; empty where it was answered or not asked.
        inside: None before the first message.
        readings: None where nobody looked; asked for by the watchdog.
        task_heartbeats: what ``heartbeat()`` wrote on executors, newest by executor and stage.
        executor_exits: executors that ended with a failure so far, by spark-submit's output: in a crash loop
            none lives long enough to be seen by the REST API.
        exit_reason: why the last of them ended, in Spark's words; untrusted.
        exits: the newest executors that ended since the observation before this one, by the same output, but
            for those that the driver wanted to end.
        executor_peak: the most executors that this SparkContext had at once, by the same output; 0 where it
            names none.
        master: None where it was not asked or gave no usable answer.
        driver_gone_at: when the driver's Python was first missing, seconds since the launch; None while it is
            there, or has never been seen.
        wall: seconds since the epoch at this look, for times of day in messages; 0 when unknown.
    """

    sparse = True
    unreadable = TypeError

    at: LaunchTime = field(default_factory=_LAUNCH)  # by a factory, so that the record always has it
    driver: DriverView | None = None
    blind: str = ""
    inside: Inside | None = None
    readings: tuple[Reading, ...] | None = None
    task_heartbeats: tuple[TaskHeartbeat, ...] = ()
    executor_exits: int = 0
    exit_reason: str = ""
    exits: tuple[ExecutorExit, ...] = ()
    executor_peak: int = 0
    master: Master | None = None
    driver_gone_at: LaunchTime | None = None
    wall: EpochTime = EpochTime(0.0)

    def launch_time(self, at: WatchTime, now: WatchTime) -> LaunchTime:
        """The same moment by the launch's clock; ``now`` is this look's time by the watch's."""
        return LaunchTime(self.at - (now - at))
