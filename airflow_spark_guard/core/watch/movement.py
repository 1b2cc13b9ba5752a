"""Detects whether a stage moves, from signals about this stage only.

A signal about the whole job (any SQL metric, a heartbeat of another task, another stage's tasks) does not
show that this stage moves. A signal whose stage is not known counts only if no other stage is active.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import WatchTime

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.comparison import Comparison
    from airflow_spark_guard.core.watch.observation import Observation, Stage
    from airflow_spark_guard.core.watch.watch_limits import Limit

# Signals that only the stage itself can change; events that Spark lost are about all stages.
_OWN = frozenset({"rest", "tracker", "sql", "heartbeats", "loose"})


@dataclass
class Standstill:
    """Since when one stage has not moved.

    Attributes:
        signature: everything about it that changes when it moves.
        since: start of its limit.
        first: when its signature was first seen; ``since`` is later if the stage was excused.
        workers: state of its tasks' processes and threads.
        median: median of its finished tasks, in seconds, without the start of Python workers; None: unknown.
        doubtful: whether Spark has lost events since it last moved: it may have ended long ago.
        line_at: when the task log last mentioned that it stands still; None before.
        line_limit: the limit in that line.
        found: whether this standstill was found to be too long; in observe mode it is reported once.
    """

    signature: dict[str, Any]
    since: WatchTime
    first: WatchTime
    workers: Comparison
    median: float | None = None
    doubtful: bool = False
    line_at: WatchTime | None = None
    line_limit: Limit | None = None
    found: bool = False

    def take(self, stage: Stage, signature: dict[str, Any], now: WatchTime, python_start: float) -> None:
        """Add an observation of the stage; ``python_start`` in seconds, as in the observation."""
        if self._moved(signature):
            self.since = self.first = now
            self.line_at, self.found = None, False
            self.workers.forget()
        if stage.median_seconds is not None:
            self.median = max(0.0, stage.median_seconds - python_start)

    def excuse(self, now: WatchTime) -> None:
        """Restart the limit although the stage has not moved."""
        self.since, self.line_at, self.found = now, None, False
        # Every sample stops the workers for a moment: take the next one when the limit is near again.
        self.workers.forget()

    def _moved(self, signature: dict[str, Any]) -> bool:
        """Whether a value has changed; values that are missing, before or now, do not count."""
        known = {name: value for name, value in signature.items() if value is not None}
        moved = {name for name, value in known.items() if _differs(self.signature[name], value)}
        self.doubtful = "dropped" in moved or (self.doubtful and not moved & _OWN)
        self.signature = {name: _merged(before, signature[name]) for name, before in self.signature.items()}
        return bool(moved)


def _differs(before: Any, now: Any) -> bool:
    if isinstance(before, dict):
        # An executor whose log is read for the first time may have written its heartbeat long ago.
        return any(before[executor] != digest for executor, digest in now.items() if executor in before)
    return before not in (None, now)


def _merged(before: Any, now: Any) -> Any:
    if now is None:
        return before
    return {**before, **now} if isinstance(before, dict) else now


def signature(stage: Stage, seen: Observation, *, alone: bool, local: bool = False) -> dict[str, Any]:
    """Everything that changes when the stage moves, by source; None for a source that was not read.

    Args:
        stage: the stage.
        seen: the observation.
        alone: whether the job has no other active stage, so that heartbeats of no known stage are about it.
        local: whether the master is ``local[n]``, where workers write into the driver's own output.
    """
    own = inside_row(stage, seen)
    driver = seen.driver
    return {
        "rest": (stage.done, stage.failed, stage.active, stage.counters) if driver is not None else None,
        "dropped": driver.dropped_events if driver is not None else None,
        "tracker": (own.done, own.failed, own.active) if own is not None else None,
        "sql": own.sql or None if own is not None else None,
        "heartbeats": _beats(seen, stage.stage),
        # Of the driver's own output they are from a process that the driver has started.
        "loose": _beats(seen, None, drivers=local) if alone else None,
    }


def _beats(seen: Observation, stage: int | None, *, drivers: bool = True) -> dict[str, str] | None:
    """The newest heartbeat by executor; None without any."""
    beats = [beat for beat in seen.task_heartbeats if beat.stage == stage and (drivers or beat.executor)]
    return {beat.executor: beat.digest for beat in beats} or None


def inside_row(stage: Stage, seen: Observation) -> Stage | None:
    """The stage as reported by the job itself; None if it does not report it."""
    rows = seen.inside.stages if seen.inside is not None else ()
    return next((row for row in rows if row.key == stage.key), None)
