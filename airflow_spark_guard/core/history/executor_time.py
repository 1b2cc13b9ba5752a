"""How long each executor was there, how many core-seconds that makes, and how many of them tasks used."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.watch.executor_loss import was_lost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.history.model import ApplicationHistory, ExecutorHistory

DRIVER: Final = "driver"
"""Spark's executor id of the driver: in ``local[n]`` it runs the tasks, elsewhere it has no task slot."""
UNLISTED: Final = "the driver no longer lists it"
"""Reason of an executor that is gone without one of Spark: forgotten, or of an earlier SparkContext."""


@dataclass(frozen=True)
class Stay:
    """The time in which an executor was there.

    Attributes:
        executor: the executor.
        begin: when it came, in seconds since the epoch.
        end: when it went, or when the application ended.
    """

    executor: ExecutorHistory
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it was there."""
        return self.end - self.begin

    @property
    def core_seconds(self) -> float:
        """What it held."""
        return self.seconds * self.executor.cores


class HeldCurve:
    """Core-seconds that executors held up to any time: made once, read many times.

    Args:
        stays: of all executors.
    """

    def __init__(self, stays: Iterable[Stay]) -> None:
        changes: Counter[float] = Counter()
        for stay in stays:
            changes[stay.begin] += stay.executor.cores
            changes[stay.end] -= stay.executor.cores
        self._times = sorted(changes)
        self._cores: list[int] = []
        self._sums: list[float] = []
        cores, held, before = 0, 0.0, 0.0
        for time in self._times:
            held += cores * (time - before)
            cores, before = cores + int(changes[time]), time
            self._cores.append(cores)
            self._sums.append(held)

    def between(self, begin: float, end: float) -> float:
        """What was held within this time."""
        return max(0.0, self._until(end) - self._until(begin))

    def _until(self, time: float) -> float:
        place = bisect_right(self._times, time) - 1
        return 0.0 if place < 0 else self._sums[place] + self._cores[place] * (time - self._times[place])


def end_of(history: ApplicationHistory) -> float | None:
    """When the application ended; while it runs, the time of the last thing that is known of it."""
    return history.last_seen if history.ended is None else history.ended


def seconds_of(history: ApplicationHistory) -> float | None:
    """How long the application ran; None if its start or its end is unknown."""
    end = end_of(history)
    return None if end is None or history.started is None else max(0.0, end - history.started)


def stays_of(history: ApplicationHistory) -> tuple[Stay, ...] | None:
    """One for each executor with task slots; None without one, or if a time or its cores are unknown."""
    end = end_of(history)
    found = []
    for executor in history.executors:
        if executor.id == DRIVER and not executor.cores:
            continue
        gone = end if executor.removed is None else executor.removed
        if executor.added is None or gone is None or executor.cores <= 0:
            return None
        found.append(Stay(executor, executor.added, max(executor.added, gone)))
    return tuple(found) or None


def lost_executors(history: ApplicationHistory) -> tuple[ExecutorHistory, ...]:
    """Executors that were lost: removed, but neither by the driver nor by the cluster."""
    return tuple(one for one in history.executors if is_lost(one))


def is_lost(executor: ExecutorHistory) -> bool:
    """Whether it was lost; one that is only not listed any more is not: why it went is not known."""
    return executor.removed is not None and executor.reason != UNLISTED and was_lost(executor.reason)


def held_by(history: ApplicationHistory) -> float | None:
    """Core-seconds of all executors; None if unknown."""
    stays = stays_of(history)
    return None if stays is None else sum(stay.core_seconds for stay in stays)


def held_curve(history: ApplicationHistory) -> HeldCurve | None:
    """What was held up to any time; None if unknown."""
    stays = stays_of(history)
    return None if stays is None else HeldCurve(stays)


def held_between(history: ApplicationHistory, begin: float, end: float) -> float | None:
    """Core-seconds of all executors within this time; None if unknown."""
    curve = held_curve(history)
    return None if curve is None else curve.between(begin, end)


def cpus_of_a_task(history: ApplicationHistory) -> int:
    """``spark.task.cpus``: the cores that one task slot takes."""
    text = history.conf.get("spark.task.cpus", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() else 1


def slots_between(history: ApplicationHistory, begin: float, end: float) -> float | None:
    """The mean number of task slots within this time; None if unknown or if the time is empty."""
    held = held_between(history, begin, end)
    return None if held is None or end <= begin else held / (end - begin) / cpus_of_a_task(history)


def total(figures: Iterable[float | None]) -> float | None:
    """The sum; None if one is unknown or if there is none."""
    known = list(figures)
    present = [figure for figure in known if figure is not None]
    return sum(present) if present and len(present) == len(known) else None


def used_by(history: ApplicationHistory) -> float | None:
    """Core-seconds that tasks ran, at most those that executors held; None if unknown."""
    ran = total(stage.run_s for stage in history.stages)
    if ran is None:
        ran = total(executor.run_s for executor in history.executors)
    held = held_by(history)
    if ran is None:
        return None
    used = ran * cpus_of_a_task(history)
    return used if held is None else min(used, held)
