"""DRIVER_SILENT: no Spark job, no heartbeat, no end. Only the author knows how long that may take: opt-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.windows import PATIENCE

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import Look
    from airflow_spark_guard.core.watch.observation import Inside, Observation, Reading
    from airflow_spark_guard.core.watch.windows import Windows

_DRIVER_ROLES = frozenset({"driver", "jvm"})


@dataclass
class SilenceRule:
    """Watches the driver's own code between Spark jobs.

    Attributes:
        windows: the limits; without ``silence`` the rule is off.
        since: since when the driver is silent; None while it is not.
        signature: everything that moves when it goes on.
        run_ms: how long tasks have run so far, by the executors' own count; None before anybody looked.
        processes: what the driver's Python and JVM do.
    """

    windows: Windows
    since: float | None = None
    signature: Any = None
    run_ms: int | None = None
    processes: Comparison = field(init=False)

    def __post_init__(self) -> None:
        self.processes = Comparison(self.windows.evidence)

    def observe(self, seen: Observation, now: float) -> Finding | None:
        """The finding, if it has been silent for longer than it may."""
        if self.windows.silence is None or seen.inside is None:
            return None
        signature = (seen.inside.heartbeats, seen.inside.sql, seen.inside.application_id)
        occupied = self._tasks_ran(seen) or _occupied(seen)
        if self.since is None or occupied or signature != self.signature:
            self.since, self.signature = (None if _occupied(seen) else now), signature
            self.processes.forget()
            return None
        self.processes.weigh(seen.readings, now, _driver_state)
        limit = self._limit(self._silence(seen.inside))
        return self._finding(limit, now) if now - self.since >= limit else None

    def look(self, seen: Observation, now: float) -> Look | None:
        """When to look again, and whether at the processes."""
        if self.since is None or self.windows.silence is None or seen.inside is None:
            return None
        return self.processes.look(self.since, self._silence(seen.inside), now)

    def _tasks_ran(self, seen: Observation) -> bool:
        """Whether tasks ended since the last look: a short Spark job between two looks shows nowhere else."""
        if seen.driver is None:
            return False
        # In local[n] the driver's row counts the time, whether tasks run or not.
        rows = [row for row in seen.driver.executors if row.id != "driver"]
        before, self.run_ms = self.run_ms, sum(row.run_ms for row in rows)
        return before not in (None, self.run_ms)

    def _silence(self, inside: Inside) -> float:
        """The limit of this phase: a SparkContext that is being made waits for the cluster."""
        silence = self.windows.silence or 0.0
        return silence if inside.application_id else max(silence, self.windows.start)

    def _limit(self, silence: float) -> float:
        return silence if self.processes.state is State.BLOCKED else PATIENCE * silence

    def _finding(self, limit: float, now: float) -> Finding:
        since = now if self.since is None else self.since
        return Finding(
            Verdict.DRIVER_SILENT,
            f"The driver has run for {readable_duration(now - since)} without a Spark job or a heartbeat.",
            limit,
            max(since + limit, self.processes.turned_at),
            got=f"its processes are {self.processes.state or State.UNSEEN}",
            expected=f"a sign of life within {readable_duration(limit)}",
            advice="If the line below may take that long, call heartbeat() between its parts, or raise "
            "GuardLimits.driver_silence.",
            suspect="driver",
        )


def _occupied(seen: Observation) -> bool:
    """Whether Spark works for the driver, or the script has ended."""
    inside = seen.inside
    if inside is not None and (inside.ended or inside.jobs or inside.stages):
        return True
    return seen.driver is not None and bool(seen.driver.jobs or seen.driver.stages)


def _driver_state(before: tuple[Reading, ...], after: tuple[Reading, ...], seconds: float) -> State:
    found = evidence.pairs(before, after, seconds)
    return evidence.together(evidence.state_of(pair) for pair in found if pair.after.role in _DRIVER_ROLES)
