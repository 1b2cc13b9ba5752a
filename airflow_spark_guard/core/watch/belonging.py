"""Which stage a worker or a task's thread works for, and what the tasks of one stage do.

A thread of an executor's JVM names its stage. A Python worker shows it in its stack (Spark 4.2 and newer, if
py-spy is permitted); otherwise workers are matched with the threads that wait for one, executor by executor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.watch import background, evidence
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.process_sample import IDLE, NEIGHBOUR, PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_spark_guard.core.watch.evidence import Pair
    from airflow_spark_guard.core.watch.process_sample import ProcessSample


class Looks(NamedTuple):
    """Two samples of the processes of a job.

    Attributes:
        pairs: Python workers, task threads and logs that both samples have.
        came: readings that only the second sample has.
        running: ids of the executors that run tasks.
    """

    pairs: tuple[Pair, ...]
    came: tuple[ProcessSample, ...]
    running: frozenset[str]


def looks(
    before: Iterable[ProcessSample],
    after: Sequence[ProcessSample],
    seconds: float,
    running: Iterable[str] | None,
) -> Looks:
    """Compare two samples.

    Args:
        before: the readings of the first sample.
        after: the readings of the second one.
        seconds: time between the two.
        running: ids of the executors that run tasks; None if unknown.
    """
    found = evidence.pairs(before, after, seconds)
    paired = {pair.after.key for pair in found}
    ours = tuple(pair for pair in found if pair.after.role in ("worker", "task", "log"))
    came = tuple(row for row in after if row.key not in paired)
    names = {pair.after.executor for pair in ours} if running is None else running
    return Looks(ours, came, frozenset(names))


def stage_state(stage: int, seen: Looks, others: frozenset[int]) -> State:
    """What the tasks of one stage do.

    Args:
        stage: its id.
        seen: two samples of the job's processes.
        others: ids of the other active stages.
    """
    if not others:
        return _alone(stage, seen)
    names = sorted(seen.running | {pair.after.executor for pair in seen.pairs if pair.after.stage == stage})
    states = [state for name in names for state in _on_executor(stage, _Executor.of(seen, name), others)]
    if any(row.role == "worker" and row.stage == stage and row.kind != IDLE for row in seen.came):
        states.append(State.WORKING)  # a new process works for it
    return evidence.together(states)


def own_states(seen: Looks) -> dict[str, State]:
    """The state of each Python worker and each task's thread by itself, by the key of its readings.

    A thread that waits for its Python worker is judged by that worker, and has none.
    """
    pairs = (pair for pair in seen.pairs if pair.after.role != "log")
    rows = (pair for pair in pairs if pair.after.kind not in (IDLE, PYTHON))
    return {pair.after.key: evidence.state_of(pair) for pair in rows}


def trickle(seen: Looks) -> float:
    """Bytes a second that background threads move in the workers whose own threads stand still."""
    rows = (pair for pair in seen.pairs if pair.after.role == "worker" and pair.after.kind != IDLE)
    beside = (pair for pair in rows if evidence.state_of(pair) is State.BACKGROUND)
    return max((background.bytes_per_second(*pair) for pair in beside), default=0.0)


def _alone(stage: int, seen: Looks) -> State:
    """The state of the only active stage: everything that works belongs to it."""
    own = [pair for pair in seen.pairs if pair.after.stage in (None, stage)]
    came = [row for row in seen.came if row.stage in (None, stage)]
    return evidence.of_executors(own, came, seen.running)


class _Executor(NamedTuple):
    """What was seen on one executor.

    Attributes:
        threads: of its tasks.
        workers: its Python workers that have a task.
        logs: its log, if that was read.
        holders: ids of stages with a task that can hold what another one waits for, new tasks included.
    """

    threads: tuple[Pair, ...]
    workers: tuple[Pair, ...]
    logs: tuple[Pair, ...]
    holders: frozenset[int | None]

    @classmethod
    def of(cls, seen: Looks, name: str) -> _Executor:
        here = [pair for pair in seen.pairs if pair.after.executor == name]
        tasks = [row for row in (*(pair.after for pair in here), *seen.came) if row.role == "task"]
        return cls(
            tuple(pair for pair in here if pair.after.role == "task"),
            tuple(pair for pair in here if pair.after.role == "worker" and pair.after.kind != IDLE),
            tuple(pair for pair in here if pair.after.role == "log"),
            frozenset(row.stage for row in tasks if row.executor == name and row.kind != NEIGHBOUR),
        )

    def waiting(self, stages: Callable[[int | None], bool]) -> int:
        """How many tasks of these stages wait for a Python worker that has started."""
        return sum(pair.after.kind == PYTHON and stages(pair.after.stage) for pair in self.threads)

    def known(self, stages: Callable[[int], bool]) -> list[Pair]:
        """The workers that are known to work for these stages."""
        return [pair for pair in self.workers if pair.after.stage is not None and stages(pair.after.stage)]


def _on_executor(stage: int, here: _Executor, others: frozenset[int]) -> list[State]:
    """The states of the stage's tasks on this executor; empty if it has none there."""
    mine = [pair for pair in here.threads if pair.after.stage == stage]
    known = here.known(lambda other: other == stage)
    loose = [evidence.state_of(pair) for pair in here.workers if pair.after.stage is None]
    if here.threads and not mine and not known:
        return []
    states = [evidence.state_of(pair) for pair in (*mine, *known) if pair.after.kind != PYTHON]
    states += [State.WORKING for pair in known if pair.before.stage not in (None, stage)]
    if here.holders & others and any(pair.after.kind == NEIGHBOUR for pair in mine):
        # The other stage has its own clock; among tasks that all wait there is no holder.
        states.append(State.BEHIND)
    if not here.threads:
        # It is not known how many tasks of which stage run here.
        if not loose:
            return states or [State.UNSEEN]
        return [*states, State.WORKING if set(loose) == {State.WORKING} else State.UNSEEN]
    wanted = here.waiting(lambda other: other == stage) - len(known)
    if wanted <= 0:
        return states
    elsewhere = here.waiting(lambda other: other != stage) - len(here.known(lambda other: other != stage))
    if len(loose) < wanted + max(0, elsewhere):
        # Our own worker may not be among them. If no worker is seen, its log may show stacks of this stage's.
        is_ours = not here.workers and elsewhere <= 0
        return [*states, evidence.by_log(here.logs) if is_ours else State.UNSEEN]
    return [*states, *(loose if elsewhere <= 0 else [_shared(loose)])]


def _shared(states: list[State]) -> State:
    """The state of workers whose stage is not known: certain only if all have one state."""
    return states[0] if states and len(set(states)) == 1 else State.UNSEEN
