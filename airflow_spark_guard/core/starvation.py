"""STARVED: a Spark job is active and no executor ever took a task of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.finding import Finding, Look
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from airflow_spark_guard.core.observation import Master, Observation
    from airflow_spark_guard.core.windows import Windows

_NAMED = 3  # workers


@dataclass
class StarvationRule:
    """Watches for a job that waits for its first task.

    Attributes:
        windows: the limits.
        since: since when it waits; None while it does not.
    """

    windows: Windows
    since: float | None = None

    def observe(self, seen: Observation, now: float) -> Finding | None:
        """The finding, if it has waited for longer than it may."""
        waiting = _waiting(seen)
        if waiting is not None:
            self.since = (self.since if self.since is not None else now) if waiting else None
        if self.since is None or not waiting or now - self.since < self.windows.start:
            return None
        executors = [row for row in seen.driver.executors if row.active] if seen.driver else []
        return Finding(
            Verdict.STARVED,
            f"A Spark job has waited {readable_duration(now - self.since)} for its first task to start.",
            self.windows.start,
            self.since + self.windows.start,
            got=f"{len(executors)} executors{_cluster(seen.master)}",
            expected=f"a task within {readable_duration(self.windows.start)}",
            advice="See who holds the cluster's cores and memory; ask for smaller executors "
            "(spark.executor.memory, spark.executor.cores), set spark.cores.max for every application, or "
            "raise GuardLimits.start_timeout if waiting is normal here.",
        )

    def look(self, _: Observation, now: float) -> Look | None:
        """When the limit will have passed."""
        return None if self.since is None else Look(max(now, self.since + self.windows.start))


def _waiting(seen: Observation) -> bool | None:
    """Whether a job waits for its first task; None where that cannot be seen."""
    if seen.inside is not None and seen.inside.ended:
        return False
    source = seen.driver or seen.inside
    if source is None:
        return None
    return bool(source.stages) and not any(stage.active or stage.launched for stage in source.stages)


def _cluster(master: Master | None) -> str:
    if master is None:
        return ""
    rows = [
        f"{cores} of {all_cores} cores and {memory} of {all_memory} MiB free"
        for cores, memory, all_cores, all_memory in master.workers[:_NAMED]
    ]
    more = f", and {len(master.workers) - _NAMED} more" if len(master.workers) > _NAMED else ""
    return f"; {len(master.workers)} workers ({'; '.join(rows)}{more})" if rows else "; no worker"
