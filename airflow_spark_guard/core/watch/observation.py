"""One look at a running attempt: plain frozen values, the only thing that the watchdog is given.

An observation is made by ``process/observer.py``, judged by ``core/watch/watchdog.py``, written to the
attempt's record as one JSON line, and read back by replay tests. Counters are cumulative: two equal values
mean that nothing happened between, whether somebody looked or not.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    submitted: float | None = None

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
    added: float = 0.0
    removed: float | None = None
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
    at: float = 0.0
    started: float | None = None


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
    clock: float | None = None


@dataclass(frozen=True)
class Inside:
    """What the job itself has said on the channel.

    Attributes:
        application_id: empty before there is a SparkContext.
        jobs: Spark jobs running, by the status tracker.
        stages: the active ones, by the status tracker; without counters.
        sql: the live SQL metrics of the running executions, digested: it changes when one of them moves.
        heartbeats: calls of ``heartbeat()`` in the driver so far.
        note: the last one's text; untrusted.
        rss: resident memory of the driver's Python, bytes.
        ended: whether the closing message came.
        heard_at: when the last message of any kind came, seconds since the launch.
    """

    application_id: str = ""
    jobs: int = 0
    stages: tuple[Stage, ...] = ()
    sql: str = ""
    heartbeats: int = 0
    note: str = ""
    rss: int = 0
    ended: bool = False
    heard_at: float = 0.0


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
            to start), ``shuffle``, ``gc``, ``lock``, ``io``, ``planning``, ``running``, ``waiting``; empty
            otherwise.
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
class Observation:
    """One look.

    Attributes:
        at: seconds since the launch, by a clock that never jumps.
        driver: None where the REST API was not asked or gave no usable answer.
        blind: why it gave none: one sentence; empty where it was answered or not asked.
        inside: None before the first message.
        readings: None where nobody looked; asked for by the watchdog.
        heard_from_executors: a digest of what ``heartbeat()`` wrote on executors; empty where not looked at.
        executor_exits: executors that ended with a failure so far, by spark-submit's output: in a crash loop
            none lives long enough to be seen by the REST API.
        exit_reason: why the last of them ended, in Spark's words; untrusted.
        exits: the newest executors that ended since the observation before this one, by the same output, but
            for those that the driver wanted to end.
        master: None where it was not asked or gave no usable answer.
        driver_gone_at: when the driver's Python was first missing, seconds since the launch; None while it is
            there, or has never been seen.
    """

    at: float
    driver: DriverView | None = None
    blind: str = ""
    inside: Inside | None = None
    readings: tuple[Reading, ...] | None = None
    heard_from_executors: str = ""
    executor_exits: int = 0
    exit_reason: str = ""
    exits: tuple[ExecutorExit, ...] = ()
    master: Master | None = None
    driver_gone_at: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON, without what has its default value."""
        return _sparse(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`; fields that this version does not know are an error (TypeError)."""
        driver, inside, master = value.get("driver"), value.get("inside"), value.get("master")
        readings = value.get("readings")
        return cls(
            **{
                **value,
                "exits": tuple(ExecutorExit(**row) for row in value.get("exits", ())),
                "driver": None if driver is None else _driver(driver),
                "inside": None if inside is None else Inside(**{**inside, "stages": _stages(inside)}),
                "readings": None if readings is None else tuple(Reading(**row) for row in readings),
                "master": None if master is None else _master(master),
            }
        )


def _sparse(value: Any) -> dict[str, Any]:
    """A dataclass as JSON; whole where a field has no default."""
    found: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if item == field.default:
            continue
        if isinstance(item, tuple):
            item = [_sparse(row) if hasattr(row, "__dataclass_fields__") else row for row in item]
        elif hasattr(item, "__dataclass_fields__"):
            item = _sparse(item)
        found[field.name] = item
    return found


def _stages(value: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(**{**row, "counters": tuple(row.get("counters", ()))}) for row in value.get("stages", ())
    )


def _driver(value: Mapping[str, Any]) -> DriverView:
    executors = tuple(Executor(**row) for row in value.get("executors", ()))
    return DriverView(**{**value, "stages": _stages(value), "executors": executors})


def _master(value: Mapping[str, Any]) -> Master:
    return Master(**{**value, "workers": tuple(tuple(row) for row in value.get("workers", ()))})
