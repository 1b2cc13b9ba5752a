"""Reads what stages have cost, after they have ended, and bounds what that costs the job."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.job.instruments.stages.log_sizes import (
    LoggedSize,
    LogSizes,
    belongs,
    with_sizes,
)
from airflow_spark_guard.job.instruments.stages.stage_figures import (
    Spread,
    StageFigures,
    figures_of,
    spread_of,
)
from airflow_spark_guard.job.instruments.stages.status_rows import (
    RUN_TIME,
    SHUFFLE_READ,
    StatusRows,
    TaskIndex,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_STAGES = 16  # of one call; the others come with the next
MOST_LOOKS = 30  # at tasks, in one call; ten calls of Py4J each
MOST_TASKS = 20_000  # of a stage whose tasks are compared; Spark sorts them for each look, 1 ms for each 1000
FEWEST_TASKS = 3
_LOOKS = 3  # median, upper quarter, largest
_MOST_SIZES = 100  # kept until their stage has ended
_MILLISECONDS = 1000


class Rows(Protocol):
    """Where stages and tasks are read: :class:`StatusRows`."""

    def ended_stages(self, since: int, most: int) -> list[dict[str, Any]]:
        """Rows of stages that ended at ``since`` (epoch milliseconds) or later, the earliest first."""

    def task_from_top(self, stage: tuple[int, int], index: TaskIndex, place: int) -> dict[str, Any] | None:
        """The finished task with ``place`` others above it."""

    def settle(self, seconds: float) -> None:
        """Wait until the rows are complete."""


class Sizes(Protocol):
    """Where sizes are read: :class:`LogSizes`."""

    def read_new(self) -> Sequence[LoggedSize]:
        """What was written since the last call."""

    def close(self) -> None:
        """Read no more."""


class StageReader:
    """The stages of one application that have ended.

    Spark's store is behind the job by some milliseconds: what an action has just ended may come with the next
    call. Stages that ended before the reader was made are left out. Reading never raises: figures that cannot
    be read are left out and counted.

    Args:
        rows: of stages and tasks; None if this Spark has none.
        sizes: of tasks; None if the driver's log cannot be read.
        shortest: seconds of a stage; in a shorter one the tasks are not compared.
        since: epoch milliseconds; now if it is None.

    Attributes:
        missed: reads that failed.
        has_figures: whether stages can be read at all.
        has_sizes: whether the sizes of tasks can be read.
    """

    def __init__(
        self, rows: Rows | None, sizes: Sizes | None, *, shortest: float = 1.0, since: int | None = None
    ) -> None:
        self.missed = 0
        self._rows, self._sizes = rows, sizes
        self._shortest = shortest
        self._since = int(time.time() * _MILLISECONDS) if since is None else since
        self._seen: frozenset[tuple[int, int]] = frozenset()  # that ended at self._since
        self._waiting: list[LoggedSize] = []
        self._looks = 0

    @classmethod
    def of(
        cls, context: Any, *, shortest: float = 1.0, sizes: bool = True, since: int | None = None
    ) -> StageReader:
        """A reader of an application; it reads nothing if its figures cannot be found.

        Args:
            context: a SparkContext of classic PySpark. Spark Connect has none, and no way to these figures.
            shortest: seconds of a stage; in a shorter one the tasks are not compared.
            sizes: whether to read the sizes of tasks from the driver's log.
            since: milliseconds since the epoch: stages that ended before are not read; None for now.
        """
        rows, log, missed = None, None, 0
        try:
            rows = StatusRows(context)
            log = LogSizes(context._jvm) if sizes else None  # noqa: SLF001 - there is no public way
        except Exception:  # noqa: BLE001 - the job goes on without these figures
            missed = 1
        reader = cls(rows, log, shortest=shortest, since=since)
        reader.missed = missed
        return reader

    @property
    def has_figures(self) -> bool:
        """Whether stages can be read at all."""
        return self._rows is not None

    @property
    def has_sizes(self) -> bool:
        """Whether the sizes of tasks can be read."""
        return self._sizes is not None

    def read_new(self) -> tuple[StageFigures, ...]:
        """The stages that ended since the last call, at most ``MOST_STAGES``, the earliest first."""
        if self._rows is None:
            return ()
        try:
            return self._read(self._rows)
        except Exception:  # noqa: BLE001 - the context may be stopping, and the job goes on
            self.missed += 1
            return ()

    def read_rest(self, seconds: float = 2.0) -> tuple[StageFigures, ...]:
        """All stages that have ended and were not read yet; waits for Spark's store, but not longer."""
        try:
            if self._rows is not None:
                self._rows.settle(seconds)
        except Exception:  # noqa: BLE001 - what is there can still be read
            self.missed += 1
        found: list[StageFigures] = []
        while some := self.read_new():
            found.extend(some)
        return tuple(found)

    def close(self) -> None:
        """Take the reader's writer out of the log; a second call does nothing."""
        sizes, self._sizes = self._sizes, None
        try:
            if sizes is not None:
                sizes.close()
        except Exception:  # noqa: BLE001 - the JVM may be gone
            self.missed += 1

    def _read(self, rows: Rows) -> tuple[StageFigures, ...]:
        if self._sizes is not None:
            self._waiting = [*self._waiting, *self._sizes.read_new()][-_MOST_SIZES:]
        found = rows.ended_stages(self._since, MOST_STAGES + len(self._seen))
        new = [row for row in found if _key(row) not in self._seen]
        if not new:
            return ()
        last = max(int(row["completionTime"]) for row in new)
        at_last = frozenset(_key(row) for row in found if row["completionTime"] == last)
        self._seen = at_last | self._seen if last == self._since else at_last
        self._since, self._looks = last, 0
        return tuple(self._figures(rows, row) for row in new)

    def _figures(self, rows: Rows, row: Mapping[str, Any]) -> StageFigures:
        figures = figures_of(row)
        own = [size for size in self._waiting if belongs(size, row)]
        self._waiting = [size for size in self._waiting if size not in own]
        figures = with_sizes(figures, own)
        if figures.seconds < self._shortest or not FEWEST_TASKS <= figures.tasks <= MOST_TASKS:
            return figures
        run_time = self._spread(rows, figures, RUN_TIME)
        shuffle = self._spread(rows, figures, SHUFFLE_READ) if figures.shuffle_read else None
        return replace(figures, run_time=run_time, shuffle=shuffle)

    def _spread(self, rows: Rows, figures: StageFigures, index: TaskIndex) -> Spread | None:
        if self._looks + _LOOKS > MOST_LOOKS:
            return None
        self._looks += _LOOKS
        key = (figures.stage, figures.attempt)
        places = (figures.tasks // 2, figures.tasks // 4, 0)
        found = [rows.task_from_top(key, index, place) for place in places]
        tasks = [task for task in found if task is not None and task["status"] == "SUCCESS"]
        if len(tasks) < len(places):
            return None
        median, upper, largest = (_value(task, index) for task in tasks)
        return spread_of((median, upper, largest), tasks[-1], figures.tasks)


def _key(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["stageId"]), int(row["attemptId"])


def _value(task: Mapping[str, Any], index: TaskIndex) -> float:
    """Seconds, or bytes."""
    if index == RUN_TIME:
        return float(task["executorRunTime"]) / _MILLISECONDS
    return float(task["shuffleRemoteBytesRead"] + task["shuffleLocalBytesRead"])
