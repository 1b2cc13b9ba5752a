"""Notices: problems that do not end a job, logged once per stage or executor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.watch.loss_notices import LossNotices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.watch.observation import Executor, Observation, Stage
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

_SKEW, _SKEW_SECONDS = 5.0, 60.0
_SKEW_DONE = (3, 4)  # of its tasks
_GC_SHARE, _GC_WINDOW = 0.2, 120.0
_SPILL = 1 << 30
_RETRIES = 3
_DETAILS_EVERY = 60.0
_BLIND_LOOKS = 3
_MOST, _LONGEST = 200, 600


class Notice(NamedTuple):
    """A line for the task log; each topic is logged once."""

    topic: str
    text: str


@dataclass
class NoticeRule:
    """Detects skew, garbage collection, spill, stage retries, lost executors, and a REST API that fails.

    Attributes:
        watch_limits: the limits.
    """

    watch_limits: WatchLimits
    _logged: set[str] = field(default_factory=set)
    _gc: dict[str, tuple[WatchTime, int]] = field(default_factory=dict)
    _blind: int = 0
    _dropped: int = 0
    _details_at: WatchTime = WatchTime(0.0)
    _losses: LossNotices = field(default_factory=LossNotices)

    def observe(self, seen: Observation, now: WatchTime) -> tuple[str, ...]:
        """The notices that were not logged before."""
        found = []
        for notice in self._all(seen, now):
            if notice.topic not in self._logged and len(self._logged) < _MOST:
                self._logged.add(notice.topic)
                found.append(one_line(notice.text, _LONGEST))
        return (*found, *self._losses.observe(seen, now))

    def wants_details(self, seen: Observation, now: WatchTime) -> bool:
        """Whether to read durations of tasks and lost events, which costs requests: once a minute."""
        if (
            seen.driver is None
            or not (seen.driver.stages or seen.driver.jobs)
            or now - self._details_at < _DETAILS_EVERY
        ):
            return False
        self._details_at = now
        return True

    def _all(self, seen: Observation, now: WatchTime) -> Iterator[Notice]:
        yield from self._blindness(seen)
        if seen.driver is None:
            return
        for stage in seen.driver.stages:
            yield from _of_stage(stage)
        living = {row.id for row in seen.driver.executors if row.active}
        self._gc = {name: known for name, known in self._gc.items() if name in living}
        for row in seen.driver.executors:
            yield from self._of_executor(row, now)

    def _blindness(self, seen: Observation) -> Iterator[Notice]:
        self._blind = self._blind + 1 if seen.blind else 0
        if self._blind >= _BLIND_LOOKS:
            yield Notice(
                "blind",
                f"The driver's REST API cannot be read ({seen.blind}): falling back to what the job reports "
                "about itself.",
            )
        if seen.driver is not None and seen.driver.dropped_events > self._dropped:
            self._dropped = seen.driver.dropped_events
            yield Notice(
                "dropped",
                "Spark's listener bus drops events, so its counters are not reliable: raise "
                "spark.scheduler.listenerbus.eventqueue.capacity.",
            )

    def _of_executor(self, row: Executor, now: WatchTime) -> Iterator[Notice]:
        if not row.active:
            return
        at, before = self._gc.setdefault(row.id, (now, row.gc_ms))
        if now - at < _GC_WINDOW:
            return
        self._gc[row.id] = (now, row.gc_ms)
        share = (row.gc_ms - before) / 1000 / (now - at)
        if share >= _GC_SHARE:
            yield Notice(
                f"gc {row.id}",
                f"Executor {row.id} spent {share:.0%} of the last {readable_duration(now - at)} in garbage "
                "collection: raise spark.executor.memory, or lower spark.executor.cores.",
            )


def _of_stage(stage: Stage) -> Iterator[Notice]:
    name = f"stage {stage.stage}"
    median, longest = stage.median_seconds, stage.longest_seconds
    if (
        median is not None
        and longest is not None
        and longest >= max(_SKEW_SECONDS, _SKEW * median)
        and stage.done * _SKEW_DONE[1] >= stage.tasks * _SKEW_DONE[0]
    ):
        yield Notice(
            f"skew {stage.key}",
            f"Skew in {name}: a task has been running for {readable_duration(longest)} (median: "
            f"{readable_duration(median)}). Salt the key, or see spark.sql.adaptive.skewJoin.enabled.",
        )
    if stage.spilled >= _SPILL:
        yield Notice(
            f"spill {stage.key}",
            f"{name.capitalize()} has spilled {stage.spilled / _SPILL:.1f} GiB: use more partitions, or "
            "raise spark.executor.memory.",
        )
    if stage.attempt >= _RETRIES:
        yield Notice(
            f"retry {stage.stage}",
            f"{name.capitalize()} is in attempt {stage.attempt + 1}: its input or its executors are lost "
            "repeatedly.",
        )
