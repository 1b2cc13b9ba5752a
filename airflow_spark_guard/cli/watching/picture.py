"""What is known of a running application at one moment, and since when its stages have not moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.stall_words import name
from airflow_spark_guard.core.watch.standstill import StallRule
from airflow_spark_guard.core.watch.watch_limits import WatchLimits

if TYPE_CHECKING:
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage


@dataclass(frozen=True)
class StageLine:
    """An active stage.

    Attributes:
        key: stage and attempt.
        name: of the stage, safe to show.
        tasks: number of its tasks.
        done: of these, succeeded.
        running: of these, running.
        failed: task attempts that failed or were killed.
        stood: seconds without movement.
        limit: seconds after which the guard would end the attempt; None while no task has started.
    """

    key: tuple[int, int]
    name: str
    tasks: int
    done: int
    running: int
    failed: int
    stood: float
    limit: float | None


@dataclass(frozen=True)
class Picture:
    """One look.

    Attributes:
        at: seconds since the watch began.
        jobs: running Spark jobs.
        stages: active ones, by id.
        executors: that live, and lost ones.
        idle: seconds without a running job.
        places: lines of Python, each with its process; empty if they were not looked for or not seen.
    """

    at: float
    jobs: int = 0
    stages: tuple[StageLine, ...] = ()
    executors: tuple[Executor, ...] = ()
    idle: float = 0.0
    places: tuple[str, ...] = ()

    @property
    def living(self) -> tuple[Executor, ...]:
        """Executors that the driver still uses."""
        return tuple(row for row in self.executors if row.active)

    @property
    def stood(self) -> float:
        """The longest time in which something did not move: a stage, or a driver without a job."""
        return max([self.idle, *(stage.stood for stage in self.stages)])


@dataclass
class Follower:
    """Makes a picture of each look, with the watchdog's own rule for stages that stand still.

    Args:
        limits: of the guard; only ``stall_timeout`` counts here.
        local: whether the master is ``local[n]``.
    """

    limits: GuardLimits
    local: bool = False
    _rule: StallRule = field(init=False)
    _busy_at: float = 0.0

    def __post_init__(self) -> None:
        self._rule = StallRule(WatchLimits.of(self.limits, deadline=None, local=self.local))

    def take(self, view: DriverView, at: float) -> Picture:
        """The picture of this look, ``at`` seconds after the first one."""
        self._rule.observe(Observation(at=LaunchTime(at), driver=view), WatchTime(at))
        self._rule.notices.clear()
        if view.jobs or view.stages:
            self._busy_at = at
        stages = sorted(view.stages, key=lambda stage: stage.key)
        return Picture(
            at,
            view.jobs,
            tuple(self._line(stage, at) for stage in stages),
            view.executors,
            at - self._busy_at,
        )

    def _line(self, stage: Stage, at: float) -> StageLine:
        still = self._rule.stages.get(stage.key)
        return StageLine(
            stage.key,
            name(stage),
            stage.tasks,
            stage.done,
            stage.active,
            stage.failed,
            0.0 if still is None else max(0.0, at - still.since),
            None if still is None else self._rule.limit(stage).seconds,
        )
