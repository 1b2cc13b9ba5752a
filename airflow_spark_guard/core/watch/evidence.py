"""Blocked or busy? Decides by two readings of the same processes, some time apart.

Equal stacks alone prove nothing: a healthy UDF is always found in the line that takes most time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.watch import background
from airflow_spark_guard.core.watch.background import IDLE_CPU, IDLE_IO, IDLE_SWITCHES, WATCHED
from airflow_spark_guard.core.watch.process_sample import IDLE, PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_spark_guard.core.watch.process_sample import ProcessSample

# A loop that sleeps and polls wakes up several times per second, and does almost nothing then.
_WAITING_SWITCHES, _WATCHED_SWITCHES = 15.0, 50.0
# The driver's Python runs our thread, which wakes every second and calls its JVM now and then.
_IDLE_DRIVER_CPU, _IDLE_DRIVER_SWITCHES = 0.05, 10.0
_IDLE_JVM_CPU = 0.15
_BUSY_CPU = 0.25  # an endless loop on a crowded machine does not get a whole core
_BUSY_DEMAND = 0.8  # nor this much of one, but it always demands it


class State(StrEnum):
    """The state of the processes during a standstill."""

    BLOCKED = "blocked"
    """No CPU, no switches, no I/O, the same stack with the same locals."""
    BACKGROUND = "standing still beside background threads"
    """Its own threads are blocked; only background threads of a library move, and no more than a trickle."""
    WORKING = "working"
    """It makes progress."""
    SPINNING = "busy without a row"
    """It computes, but returns no row: an endless loop, or one long computation."""
    WAITING = "waiting in a loop that sleeps"
    """It wakes up now and then, moves no byte, and goes back to sleep in the same line."""
    BEHIND = "waiting for another stage"
    """A task of another stage in the same executor holds the block or the memory that it waits for."""
    UNSEEN = "out of sight"
    """Its processes cannot be inspected."""


class Pair(NamedTuple):
    """Two readings of one process or thread, and the seconds between them."""

    before: ProcessSample
    after: ProcessSample
    seconds: float


def pairs(
    before: Iterable[ProcessSample], after: Iterable[ProcessSample], seconds: float
) -> tuple[Pair, ...]:
    """The readings that are in both, by key; processes that started or ended in between form no pair."""
    first = {reading.key: reading for reading in before}
    return tuple(
        Pair(first[reading.key], reading, max(seconds, 0.001)) for reading in after if reading.key in first
    )


def state_of(pair: Pair) -> State:
    """The state of one process or thread."""
    judge = {"task": _thread, "driver": _driver, "jvm": _jvm, "log": _log}.get(pair.after.role, _worker)
    return judge(pair)


HOPE = (
    State.BLOCKED,
    State.BACKGROUND,
    State.WAITING,
    State.SPINNING,
    State.UNSEEN,
    State.BEHIND,
    State.WORKING,
)
"""From the least to the most hopeful."""


def together(states: Iterable[State]) -> State:
    """The state of several together: one that works is enough; without any, out of sight."""
    return max(states, key=HOPE.index, default=State.UNSEEN)


def of_executors(seen: Sequence[Pair], came: Iterable[ProcessSample], running: Iterable[str]) -> State:
    """The state of the tasks of a standstill.

    Args:
        seen: pairs of Python workers and of task threads.
        came: readings of workers without a pair: a new process counts as work.
        running: ids of the executors that run tasks.
    """
    if any(reading.role == "worker" and reading.kind != IDLE for reading in came):
        return State.WORKING
    # An executor without a task has at most idle workers, which do not count.
    wanted = set(running) or {pair.after.executor for pair in seen if pair.after.kind != IDLE}
    return together(_executor([pair for pair in seen if pair.after.executor == name]) for name in wanted)


def _executor(found: Sequence[Pair]) -> State:
    threads = [pair for pair in found if pair.after.role == "task"]
    workers = [pair for pair in found if pair.after.role == "worker" and pair.after.kind != IDLE]
    waiting = any(pair.after.kind == PYTHON for pair in threads)
    if not waiting:
        # A worker whose stack cannot be read may have no task: no thread is known to wait for it.
        workers = [pair for pair in workers if pair.after.stack]
    states = [state_of(pair) for pair in (*threads, *workers) if pair.after.kind != PYTHON]
    if not workers and (waiting or not threads):
        states.append(by_log(found))  # it waits for a Python worker that is out of sight
    return together(states)


def by_log(found: Iterable[Pair]) -> State:
    """The state of workers out of sight: WORKING if stack dumps in their executor's log show a move."""
    return together(state_of(pair) for pair in found if pair.after.role == "log")


def _rates(pair: Pair) -> Mapping[str, float | None]:
    def rate(before: float | None, after: float | None) -> float | None:
        return None if before is None or after is None else (after - before) / pair.seconds

    return {
        "cpu": rate(pair.before.cpu, pair.after.cpu),
        "switches": rate(pair.before.switches, pair.after.switches),
        "io": rate(pair.before.io, pair.after.io),
        "delay": rate(pair.before.delay, pair.after.delay),
    }


def _worker(pair: Pair) -> State:
    state = _as_a_whole(pair)
    if state not in (State.WORKING, State.WAITING):
        return state
    # Never less than WAITING: a library's thread may work for a task that waits for it.
    beside = background.only_others_move(pair.before, pair.after, pair.seconds)
    return State.BACKGROUND if beside else state


def _as_a_whole(pair: Pair) -> State:
    rates = _rates(pair)
    cpu, switches = rates["cpu"], rates["switches"]
    if cpu is None or switches is None:
        return State.UNSEEN
    if _moves_bytes(pair, rates["io"] or 0.0):
        return State.WORKING
    if cpu >= _BUSY_CPU or cpu + (rates["delay"] or 0.0) >= _BUSY_DEMAND:
        return State.SPINNING  # even if its locals change: an endless loop may count
    if _differ(pair.before.locals, pair.after.locals):
        return State.WORKING
    return _idle(pair, cpu, switches)


def _moves_bytes(pair: Pair, io: float) -> bool:
    """Whether it moves bytes, by the system's count without sockets, or by the watched system calls."""
    before, after = pair.before, pair.after
    return io >= IDLE_IO or after.moved > before.moved or after.trickle > before.trickle


def _idle(pair: Pair, cpu: float, switches: float) -> State:
    """The state of a process that moves no byte and whose local variables do not change."""
    if cpu >= IDLE_CPU:
        return State.WORKING
    if switches < IDLE_SWITCHES:
        return State.BLOCKED
    watched = pair.after.watched - pair.before.watched >= WATCHED * pair.seconds
    if switches >= (_WATCHED_SWITCHES if watched else _WAITING_SWITCHES):
        return State.WORKING
    # It wakes up now and then, in the same line; if its variables were not read, it may do anything.
    return State.WAITING if pair.before.locals and pair.after.locals else State.UNSEEN


def _driver(pair: Pair) -> State:
    rates = _rates(pair)
    cpu, switches = rates["cpu"], rates["switches"]
    if cpu is None or switches is None:
        return State.UNSEEN
    if _differ(pair.before.stack, pair.after.stack):
        return State.WORKING
    if cpu >= _BUSY_CPU:
        return State.SPINNING
    idle = cpu < _IDLE_DRIVER_CPU and switches < _IDLE_DRIVER_SWITCHES
    return State.BLOCKED if idle else State.WORKING


def _jvm(pair: Pair) -> State:
    cpu = _rates(pair)["cpu"]
    if cpu is None:
        return State.UNSEEN
    return State.BLOCKED if cpu < _IDLE_JVM_CPU else State.SPINNING


def _log(pair: Pair) -> State:
    """Equal stacks prove nothing: a slow row is always found in the line that takes most time."""
    before, after = pair.before.dumps, pair.after.dumps
    moved = before is not None and after is not None and after.changes > before.changes
    return State.WORKING if moved else State.UNSEEN


def _differ(before: str, after: str) -> bool:
    """Whether two hashes show movement; a missing one shows nothing."""
    return bool(before and after) and before != after


def _thread(pair: Pair) -> State:
    """The state of a task's thread: its counters stand still, so only its stack can decide."""
    if not pair.after.stack:
        return State.UNSEEN
    if pair.before.stack != pair.after.stack or pair.after.kind == "stream":
        return State.WORKING
    if pair.after.kind == "shuffle":
        # Spark ends a fetch by itself when no byte comes for spark.network.timeout: this one is slow.
        return State.UNSEEN
    return State.SPINNING if pair.after.kind in {"running", "gc", "planning"} else State.BLOCKED
