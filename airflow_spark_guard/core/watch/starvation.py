"""STARVED: a Spark job is active and no executor ever took a task of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding, Look
from airflow_spark_guard.core.watch.stages import known_stages

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Master, Observation
    from airflow_spark_guard.core.watch.windows import Windows

_NAMED = 3  # workers


@dataclass
class StarvationRule:
    """Watches for a job that waits for its first task.

    Attributes:
        windows: the limits.
        waits: since when each stage waits, by key, while all stages wait. A stage that was served between two
            looks is gone from it: short jobs that each wait a little are not one job that waits for long.
    """

    windows: Windows
    waits: dict[tuple[int, int], float] = field(default_factory=dict)

    def observe(self, seen: Observation, now: float) -> Finding | None:
        """The finding, if it has waited for longer than it may."""
        waiting = _waiting(seen)
        if waiting is None:
            return None
        self.waits = {key: self.waits.get(key, now) for key in waiting}
        since = min(self.waits.values(), default=now)
        if not self.waits or now - since < self.windows.start:
            return None
        executors = [row for row in seen.driver.executors if row.active] if seen.driver else None
        count = "executors out of sight" if executors is None else f"{len(executors)} executors"
        return Finding(
            Verdict.STARVED,
            f"A Spark job has waited {readable_duration(now - since)} for its first task to start.",
            self.windows.start,
            since + self.windows.start,
            got=f"{count}{_cluster(seen.master)}",
            expected=f"a task within {readable_duration(self.windows.start)}",
            advice="See who holds the cluster's cores and memory; ask for smaller executors "
            "(spark.executor.memory, spark.executor.cores), set spark.cores.max for every application, or "
            "raise GuardLimits.start_timeout if waiting is normal here.",
        )

    def look(self, _: Observation, now: float) -> Look | None:
        """When the limit will have passed."""
        since = min(self.waits.values(), default=None)
        return None if since is None else Look(max(now, since + self.windows.start))


def _waiting(seen: Observation) -> tuple[tuple[int, int], ...] | None:
    """The stages that wait for their first task, if all do; None where that cannot be seen."""
    stages = known_stages(seen)
    if stages is None:
        return None
    if any(stage.active or stage.launched for stage in stages):
        return ()
    return tuple(stage.key for stage in stages)


def _cluster(master: Master | None) -> str:
    if master is None:
        return ""
    rows = [
        f"{cores} of {all_cores} cores and {memory} of {all_memory} MiB free"
        for cores, memory, all_cores, all_memory in master.workers[:_NAMED]
    ]
    more = f", and {len(master.workers) - _NAMED} more" if len(master.workers) > _NAMED else ""
    return f"; {len(master.workers)} workers ({'; '.join(rows)}{more})" if rows else "; no worker"
