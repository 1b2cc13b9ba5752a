"""STARVED: a Spark job is active but no executor has ever taken one of its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding, ObservationRequest
from airflow_spark_guard.core.watch.loss_advice import advice_on
from airflow_spark_guard.core.watch.stages import known_stages

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import ExecutorExit, Master, Observation
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

_NAMED = 3  # workers
_REASON = 160
_ADVICE = (
    "Check which applications use the cluster's cores and memory; request smaller executors "
    "(spark.executor.memory, spark.executor.cores), set spark.cores.max for every application, or raise "
    "GuardLimits.start_timeout if waiting is normal here."
)


_OWN_TASKS = (
    "Cancelled tasks keep their slots until they return, and a call into Python or native code may never do "
    "so: see their stacks, set a time-out there, or let Spark end the executors of such tasks "
    "(spark.task.reaper.enabled, spark.task.reaper.killTimeout). More executors give the job slots as well."
)


@dataclass
class StarvationRule:
    """Watches for a job that waits for its first task.

    Attributes:
        watch_limits: the limits.
        waits: since when each stage waits, by key, while all stages wait. A stage that got a task is removed:
            several short waits are not one long wait.
    """

    watch_limits: WatchLimits
    waits: dict[tuple[int, int], WatchTime] = field(default_factory=dict)
    _ended: int = 0
    _last: ExecutorExit | None = None

    def observe(self, seen: Observation, now: WatchTime) -> Finding | None:
        """The finding, if a job has waited for too long."""
        self._ended += len(seen.exits)
        self._last = seen.exits[-1] if seen.exits else self._last
        waiting = _waiting(seen)
        if waiting is None:
            return None
        self.waits = {key: self.waits.get(key, now) for key in waiting}
        since = min(self.waits.values(), default=now)
        if not self.waits or now - since < self.watch_limits.start:
            return None
        executors = [row for row in seen.driver.executors if row.active] if seen.driver else None
        count = "number of executors unknown" if executors is None else f"{len(executors)} executors"
        last = None if executors else self._last
        held = sum(row.active_tasks for row in executors or ())
        return Finding(
            Verdict.STARVED,
            f"A Spark job has waited {readable_duration(now - since)} for its first task to start.",
            self.watch_limits.start,
            seen.launch_time(WatchTime(since + self.watch_limits.start), now),
            got=f"{count}{_own_tasks(held)}{self._of_the_dead(last)}{_cluster(seen.master)}",
            expected=f"a task within {readable_duration(self.watch_limits.start)}",
            advice=_OWN_TASKS if held else _ADVICE if last is None else advice_on([last.reason]),
            suspect="any" if held else "",
        )

    def _of_the_dead(self, last: ExecutorExit | None) -> str:
        """Executors that ended without a task: then the job does not wait for a full cluster."""
        if last is None:
            return ""
        host = f" on {safe_text(last.host)}" if last.host else ""
        return (
            f"; {self._ended} executor{'s' if self._ended > 1 else ''} ended before, the last{host}: "
            f"{safe_text(last.reason)[:_REASON]}"
        )

    def look(self, _: Observation, now: WatchTime) -> ObservationRequest[WatchTime] | None:
        """When the limit will be reached."""
        since = min(self.waits.values(), default=None)
        return (
            None
            if since is None
            else ObservationRequest(WatchTime(max(now, since + self.watch_limits.start)))
        )


def _waiting(seen: Observation) -> tuple[tuple[int, int], ...] | None:
    """The stages that wait for their first task, if all do; None if unknown."""
    stages = known_stages(seen)
    if stages is None:
        return None
    if any(stage.active or stage.launched for stage in stages):
        return ()
    return tuple(stage.key for stage in stages)


def _own_tasks(held: int) -> str:
    """Tasks that run although no stage has a running one: Spark has given them up, but they go on."""
    if not held:
        return ""
    slots = "1 slot is" if held == 1 else f"{held} slots are"
    return f"; {slots} held by tasks of this application that have been cancelled or do not end"


def _cluster(master: Master | None) -> str:
    if master is None:
        return ""
    rows = [
        f"{cores} of {all_cores} cores and {memory} of {all_memory} MiB free"
        for cores, memory, all_cores, all_memory in master.workers[:_NAMED]
    ]
    more = f", and {len(master.workers) - _NAMED} more" if len(master.workers) > _NAMED else ""
    return f"; {len(master.workers)} workers ({'; '.join(rows)}{more})" if rows else "; no workers"
