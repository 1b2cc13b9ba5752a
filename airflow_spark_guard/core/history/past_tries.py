"""What past tries of a task needed: how long they took, how long they stood still.

A healthy try is one that succeeded. Its longest standstill is an upper bound: the watchdog also knows what
excuses a stage (workers that compute, heartbeats of tasks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_spark_guard.core.watch.observation import Inside, Observation, Stage


@dataclass(frozen=True)
class PastTry:
    """One try of a task.

    Attributes:
        name: DAG, run, task and try.
        state: ``success`` or ``failed``.
        seconds: how long it took.
        observations: of its record, by time.
        is_whole: whether the store returned all of them, none damaged.
    """

    name: str
    state: str
    seconds: float
    observations: Collection[Observation]
    is_whole: bool = True

    @property
    def succeeded(self) -> bool:
        """Whether it did."""
        return self.state == "success"


@dataclass(frozen=True)
class Needed:
    """The longest times of one try, in seconds.

    Attributes:
        standstill: without movement of an active stage.
        silence: of the driver, without a Spark job and without ``heartbeat()``.
        losses: executors that were lost.
    """

    standstill: float = 0.0
    silence: float = 0.0
    losses: int = 0


@dataclass(frozen=True)
class Measured:
    """A try without its observations.

    Attributes:
        name: DAG, run, task and try.
        succeeded: whether it did.
        seconds: how long it took.
        needed: its longest times.
        is_blind: whether it has no observation.
    """

    name: str
    succeeded: bool
    seconds: float
    needed: Needed
    is_blind: bool


def measured(one: PastTry) -> Measured:
    """What a try took and needed."""
    return Measured(one.name, one.succeeded, one.seconds, needed_by(one.observations), not one.observations)


def needed_by(observations: Iterable[Observation]) -> Needed:
    """What one try needed, from its observations by time."""
    longest = silence = 0.0
    moved: dict[tuple[int, int], tuple[object, float]] = {}
    quiet: tuple[object, float] | None = None
    lost: set[str] = set()
    for seen in observations:
        inside = seen.inside
        if inside is not None and inside.ended:
            break
        lost.update(one.id for one in seen.exits)
        stages = seen.driver.stages if seen.driver is not None else ()
        moved = {
            stage.key: _since(_mark(stage), moved.get(stage.key), seen.at) for stage in stages if stage.active
        }
        longest = max([longest, *(seen.at - since for _, since in moved.values())])
        quiet = None if _works(seen) else _since(_beat(inside), quiet, seen.at)
        silence = max(silence, seen.at - quiet[1] if quiet is not None else 0.0)
    return Needed(longest, silence, len(lost))


def _mark(stage: Stage) -> object:
    """Differs whenever the stage has moved."""
    return stage.done, stage.failed, stage.active, stage.counters, stage.sql


def _since(mark: object, before: tuple[object, float] | None, at: float) -> tuple[object, float]:
    return before if before is not None and before[0] == mark else (mark, at)


def _works(seen: Observation) -> bool:
    """Whether a Spark job runs, or the driver has not yet begun."""
    if seen.inside is None:
        return True
    return seen.inside.jobs > 0 or (seen.driver is not None and seen.driver.jobs > 0)


def _beat(inside: Inside | None) -> object:
    return None if inside is None else inside.heartbeats
