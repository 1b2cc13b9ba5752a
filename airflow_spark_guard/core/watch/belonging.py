"""Which stage a worker or a task's thread works for, and what the tasks of one stage do.

A thread of an executor's JVM names its stage. A Python worker shows it in its stack (Spark 4.2 and newer,
where py-spy may read it); elsewhere workers are counted against the threads that wait for one, executor by
executor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.evidence import IDLE, PYTHON, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.watch.evidence import Pair
    from airflow_spark_guard.core.watch.observation import Reading


class Looks(NamedTuple):
    """Two looks at the processes of a job.

    Attributes:
        pairs: of Python workers and of task threads that were there at both looks.
        came: readings that only the second look has.
        running: ids of the executors that run tasks.
    """

    pairs: tuple[Pair, ...]
    came: tuple[Reading, ...]
    running: frozenset[str]


def looks(
    before: Iterable[Reading], after: Sequence[Reading], seconds: float, running: Iterable[str] | None
) -> Looks:
    """The two looks, compared.

    Args:
        before: the readings of the first look.
        after: those of the second one.
        seconds: between the two.
        running: ids of the executors that run tasks; None where that is not known.
    """
    found = evidence.pairs(before, after, seconds)
    paired = {pair.after.key for pair in found}
    ours = tuple(pair for pair in found if pair.after.role in ("worker", "task"))
    came = tuple(row for row in after if row.key not in paired)
    names = {pair.after.executor for pair in ours} if running is None else running
    return Looks(ours, came, frozenset(names))


def stage_state(stage: int, seen: Looks, others: frozenset[int] | None, moving: frozenset[int]) -> State:
    """What the tasks of one stage do.

    Args:
        stage: its id.
        seen: two looks at the job's processes.
        others: ids of the other active stages; None is the same as none of them.
        moving: those of the others that have moved between the two looks.
    """
    if not others:
        return _alone(stage, seen)
    names = sorted(seen.running | {pair.after.executor for pair in seen.pairs if pair.after.stage == stage})
    states = [
        state for name in names for state in _on_executor(stage, _Executor.of(seen, name), others <= moving)
    ]
    if any(row.role == "worker" and row.stage == stage and row.kind != IDLE for row in seen.came):
        states.append(State.WORKING)  # a new process works for it
    return evidence.together(states)


def _alone(stage: int, seen: Looks) -> State:
    """No other stage is active: whatever works, works for it."""
    own = [pair for pair in seen.pairs if pair.after.stage in (None, stage)]
    came = [row for row in seen.came if row.stage in (None, stage)]
    return evidence.of_executors(own, came, seen.running)


class _Executor(NamedTuple):
    """What was seen on one executor."""

    threads: tuple[Pair, ...]
    workers: tuple[Pair, ...]

    @classmethod
    def of(cls, seen: Looks, name: str) -> _Executor:
        here = [pair for pair in seen.pairs if pair.after.executor == name]
        return cls(
            tuple(pair for pair in here if pair.after.role == "task"),
            tuple(pair for pair in here if pair.after.role == "worker" and pair.after.kind != IDLE),
        )


def _on_executor(stage: int, here: _Executor, others_move: bool) -> list[State]:  # noqa: FBT001 - a fact, not a switch
    """What the stage's tasks on this executor do; empty where it has none there."""
    mine = [pair for pair in here.threads if pair.after.stage == stage]
    known = [pair for pair in here.workers if pair.after.stage == stage]
    if here.threads and not mine and not known:
        return []
    states = [evidence.state_of(pair) for pair in (*mine, *known) if pair.after.kind not in PYTHON]
    states += [State.WORKING for pair in known if pair.before.stage not in (None, stage)]
    loose = [pair for pair in here.workers if pair.after.stage is None]
    if not here.threads:
        # Nothing tells how many tasks of which stage run here.
        return states if states and not loose else [*states, State.UNSEEN]
    wanted = sum(pair.after.kind in PYTHON for pair in mine) - len(known)
    if wanted <= 0:
        return states
    elsewhere = sum(pair.after.kind in PYTHON and pair.after.stage != stage for pair in here.threads)
    elsewhere -= sum(pair.after.stage not in (None, stage) for pair in here.workers)
    starts = any(pair.after.kind == evidence.PYTHON_START for pair in mine)
    shared = _share([evidence.state_of(pair) for pair in loose], wanted, max(0, elsewhere), others_move)
    return [*states, *(shared or [State.BLOCKED if starts and not loose else State.UNSEEN])]


def _share(states: list[State], wanted: int, elsewhere: int, others_move: bool) -> list[State]:  # noqa: FBT001
    """The states of the workers that belong to ``wanted`` tasks of ours.

    Args:
        states: of all workers whose stage is not known.
        wanted: tasks of ours whose worker is among them.
        elsewhere: tasks of other stages whose worker is among them.
        others_move: whether all other stages move: then their workers are the ones that work.
    """
    if not states or not elsewhere or len(set(states)) == 1:
        return states
    if not others_move:
        return [State.UNSEEN]
    # The least hopeful are ours: the others' stages have moved, so their workers have worked.
    ranked = sorted(states, key=evidence.HOPE.index)
    return ranked[: max(wanted, len(states) - elsewhere)]
