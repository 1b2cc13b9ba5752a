"""STALLED: a stage is active and none of its counters moved. Slow is not hung, so this asks twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.output.output import safe_text
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.stages import known_stages
from airflow_spark_guard.core.watch.windows import PATIENCE, Windows

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import Look
    from airflow_spark_guard.core.watch.observation import Observation, Reading, Stage

_BLOCKED_ADVICE = (
    "Give the call in that line a time-out, or raise GuardLimits.stall_timeout if it may take that long; "
    "heartbeat() in the job says that it goes on."
)
_BUSY_ADVICE = (
    "Look for a loop without an end in that line. If it is one long computation, raise "
    "GuardLimits.stall_timeout, or call heartbeat() between its parts."
)


@dataclass
class Standstill:
    """Since when one stage has not moved.

    Attributes:
        signature: everything of it that moves when it goes on.
        since: when the signature was first seen, or was last excused, seconds since the launch.
        first: when the signature was first seen.
        median: of its finished tasks, seconds, when somebody last looked; None before.
        doubtful: whether Spark has lost events since it last moved: it may have ended long ago.
    """

    signature: dict[str, Any]
    since: float
    first: float
    median: float | None = None
    doubtful: bool = False

    def moved(self, signature: dict[str, Any]) -> bool:
        """Take in what is seen now; what was not seen, before or now, is no movement."""
        known = {name: value for name, value in signature.items() if value is not None}
        moved = {name for name, value in known.items() if self.signature[name] not in (None, value)}
        # What else the job does says nothing of this stage's end.
        self.doubtful = "dropped" in moved or (self.doubtful and not moved & {"rest", "tracker"})
        self.signature = {**self.signature, **known}
        return bool(moved)


@dataclass
class StallRule:
    """Watches every active stage.

    Attributes:
        windows: the limits.
        stages: the active stages, by key.
        workers: what the tasks' workers and threads do.
        notices: what is to be said; the watchdog takes them away.
    """

    windows: Windows
    stages: dict[tuple[int, int], Standstill] = field(default_factory=dict)
    workers: Comparison = field(init=False)
    notices: list[str] = field(default_factory=list)
    _dropped: int = 0

    def __post_init__(self) -> None:
        self.workers = Comparison(self.windows.evidence)

    def observe(self, seen: Observation, now: float) -> Finding | None:
        """The finding, if a stage has stood still for longer than it may."""
        active = _active_stages(seen)
        if active is None:
            return None
        stages = {stage.key: stage for stage in active}
        self._follow(stages, seen, now)
        if not self.stages:
            self.workers.forget()
            return None
        self.workers.weigh(seen.readings, now, partial(_workers_state, seen))
        if self.workers.state is State.WORKING:
            self._leave_alone(now)
            return None
        overdue = [
            stages[key] for key, still in self.stages.items() if self._overdue(stages[key], still, now)
        ]
        return self._finding(overdue[0], now) if overdue else None

    def look(self, seen: Observation, now: float) -> Look | None:
        """When to look again, and whether at the processes."""
        del seen
        looks = [
            self.workers.look(still.since, self.windows.stall_of(still.median), now)
            for still in self.stages.values()
            if not still.doubtful
        ]
        return min(looks, key=lambda look: look.at, default=None)

    def _follow(self, stages: dict[tuple[int, int], Stage], seen: Observation, now: float) -> None:
        for key in set(self.stages) - set(stages):
            del self.stages[key]
        dropped = seen.driver.dropped_events if seen.driver is not None else self._dropped
        for key, stage in stages.items():
            signature = _signature(stage, seen)
            still = self.stages.get(key)
            if still is None:
                still = Standstill(signature, now, now, doubtful=dropped > self._dropped)
                self.stages[key] = still
            elif still.moved(signature):
                still.since = still.first = now
                self.workers.forget()
            if stage.median_seconds is not None:
                still.median = stage.median_seconds
        self._dropped = dropped

    def _leave_alone(self, now: float) -> None:
        longest = max(now - still.first for still in self.stages.values())
        self.notices.append(
            f"No counter of the running stage has moved for {readable_duration(longest)}, but its workers "
            "work; it is left alone."
        )
        for still in self.stages.values():
            still.since = now
        # Not before the limit is near again: every look stops the workers for a moment.
        self.workers.forget()

    def _overdue(self, stage: Stage, still: Standstill, now: float) -> bool:
        judged = self.workers.state is not None and not still.doubtful
        return judged and now - still.since >= self._limit(stage)

    def _limit(self, stage: Stage) -> float:
        limit = self.windows.stall_of(self.stages[stage.key].median)
        if not stage.active:
            # Its executors were taken away; how long it may wait for others is another limit's business.
            return max(limit * PATIENCE, self.windows.start)
        return limit if self.workers.state is State.BLOCKED else limit * PATIENCE

    def _finding(self, stage: Stage, now: float) -> Finding:
        limit = self._limit(stage)
        since, state = self.stages[stage.key].since, self.workers.state
        return Finding(
            Verdict.STALLED,
            f"Stage {stage.stage} ({safe_text(stage.name)[:120] or 'unnamed'}) stood still for "
            f"{readable_duration(now - since)}: no task ended, no row was read or written.",
            limit,
            max(since + limit, self.workers.turned_at),
            got=f"{stage.done} of {stage.tasks} tasks done, {stage.active} running, workers {state}",
            expected=f"some counter to move within {readable_duration(limit)}",
            advice=_BLOCKED_ADVICE if state is State.BLOCKED else _BUSY_ADVICE,
            suspect="worker",
        )


def _active_stages(seen: Observation) -> tuple[Stage, ...] | None:
    """The stages that run tasks, else those that have run some; None where that cannot be seen."""
    stages = known_stages(seen)
    if stages is None:
        return None
    active = tuple(stage for stage in stages if stage.active)
    return active or tuple(stage for stage in stages if stage.launched)


def _signature(stage: Stage, seen: Observation) -> dict[str, Any]:
    """Everything that moves when the stage goes on, by source; None where a source was not seen."""
    inside, driver = seen.inside, seen.driver
    own = [row for row in inside.stages if row.key == stage.key] if inside is not None else []
    return {
        "rest": (stage.done, stage.failed, stage.active, stage.counters) if driver is not None else None,
        "dropped": driver.dropped_events if driver is not None else None,
        "tracker": (own[0].done, own[0].failed, own[0].active) if own else None,
        "job": (inside.sql, inside.heartbeats) if inside is not None else None,
        "executors": seen.heard_from_executors or None,
    }


def _workers_state(
    seen: Observation, before: tuple[Reading, ...], after: tuple[Reading, ...], seconds: float
) -> State:
    found = evidence.pairs(before, after, seconds)
    paired = {pair.after.key for pair in found}
    came = [reading for reading in after if reading.key not in paired]
    ours = [pair for pair in found if pair.after.role in {"worker", "task"}]
    return evidence.of_executors(ours, came, _running(seen, ours))


def _running(seen: Observation, ours: list[evidence.Pair]) -> set[str]:
    if seen.driver is not None:
        return {row.id for row in seen.driver.executors if row.active and row.active_tasks}
    return {pair.after.executor for pair in ours}
