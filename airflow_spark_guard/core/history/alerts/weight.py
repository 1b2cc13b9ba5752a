"""Whether something is large enough to be an alert: a share of the application, and not a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.executor_time import (
    cpus_of_a_task,
    seconds_of,
    slots_between,
)

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.model import ApplicationHistory, StageHistory

SHORTEST: Final = 10.0
SHARE_OF_TIME: Final = 0.05
LEAST: Final = 60.0
SHARE_OF_CORES: Final = 0.01

LONG: Final = "10s and 5% of the application's time"
"""What :func:`is_long` asks for, in words."""
LARGE: Final = "60 core-seconds and 1% of those held"
"""What :func:`is_large` asks for, in words."""


def is_long(history: ApplicationHistory, seconds: float) -> bool:
    """Whether a time matters to the application; False if the application's own time is unknown."""
    whole = seconds_of(history)
    return whole is not None and seconds >= max(SHORTEST, SHARE_OF_TIME * whole)


def is_large(held: float | None, core_seconds: float) -> bool:
    """Whether core-seconds matter to an application that held so many; None if that is unknown."""
    return core_seconds >= max(LEAST, SHARE_OF_CORES * (held or 0.0))


def wall(stage: StageHistory) -> float | None:
    """Seconds from its submission to its end; None if unknown."""
    if stage.submitted is None or stage.completed is None:
        return None
    return max(0.0, stage.completed - stage.submitted)


def slots_of(history: ApplicationHistory, stage: StageHistory) -> float | None:
    """The mean number of task slots while it ran; None if unknown."""
    if stage.submitted is None or stage.completed is None:
        return None
    return slots_between(history, stage.submitted, stage.completed)


def runs_alone(history: ApplicationHistory, stage: StageHistory) -> bool:
    """Whether no other stage ran at the same time; False if unknown."""
    if stage.submitted is None or stage.completed is None:
        return False
    for other in history.stages:
        if other is stage or other.submitted is None:
            continue
        if other.completed is None or (
            other.submitted < stage.completed and other.completed > stage.submitted
        ):
            return False
    return True


def idle_tail(history: ApplicationHistory, stage: StageHistory) -> float | None:
    """Core-seconds that its slots were idle for while its longest task ran on; None if unknown."""
    spread, slots, seconds = stage.duration, slots_of(history, stage), wall(stage)
    if spread is None or slots is None or seconds is None or stage.run_s is None:
        return None
    idle = slots * seconds - stage.run_s
    return max(0.0, min(idle, (spread.high - spread.p75) * (slots - 1))) * cpus_of_a_task(history)
