"""The state of a fold as an observation, as if the watchdog had looked at the application at that moment.

An event log has no figures of running tasks: counters change when a task ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.event_kinds import Figures
from airflow_spark_guard.core.history.event_time import epoch
from airflow_spark_guard.core.watch.observation import DriverView, Stage

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.event_fold import EventFold
    from airflow_spark_guard.core.history.stage_fold import StageFold

_MOST_STAGES = 200
_NOTHING = Figures()


def driver_view(fold: EventFold, at: int, *, details: bool) -> DriverView:
    """What the driver's REST API would have answered.

    Args:
        fold: the events before that moment.
        at: the moment, in milliseconds since the epoch.
        details: whether to add the times of tasks.
    """
    active = list(fold.stages.active.values())[-_MOST_STAGES:]
    return DriverView(
        jobs=len(fold.jobs.active),
        stages=tuple(_stage(fold, stage, at, details=details) for stage in active),
        executors=fold.executors.rows(fold.cpus),
        clock=epoch(at),
    )


def _stage(fold: EventFold, stage: StageFold, at: int, *, details: bool) -> Stage:
    sums = stage.figures or _NOTHING
    longest = (
        max((at - launched for launched, _ in stage.running.values()), default=None) if details else None
    )
    return Stage(
        stage=stage.key[0],
        attempt=stage.key[1],
        tasks=stage.tasks,
        active=len(stage.running),
        done=stage.done,
        failed=stage.failed + stage.killed,
        launched=stage.launched,
        counters=_counters(sums),
        name=stage.name,
        spilled=sums.memory_spilled + sums.disk_spilled,
        median_seconds=stage.durations.median() if details else None,
        longest_seconds=None if longest is None else max(0, longest) / 1000,
        submitted=None if stage.submitted is None else EpochTime(stage.submitted / 1000),
        unbounded=fold.jobs.is_receiver(stage.key[0]),
    )


def _counters(sums: Figures) -> tuple[int, ...]:
    """In the order of ``core/web/spark_rest.py``."""
    return (
        sums.input_bytes,
        sums.input_records,
        sums.output_bytes,
        sums.output_records,
        sums.shuffle_read_bytes,
        sums.shuffle_read_records,
        sums.shuffle_write_bytes,
        sums.shuffle_write_records,
        sums.memory_spilled,
        sums.disk_spilled,
    )
