"""Compares two samples of processes, one evidence window apart, and decides when to take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.watch_limits import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.watch.evidence import State
    from airflow_spark_guard.core.watch.process_sample import ProcessSample

    Judge = Callable[[tuple[ProcessSample, ...], tuple[ProcessSample, ...], float], State]

# A sample that is taken on time may still be slightly early by the clock.
NEARLY = 0.9


@dataclass
class Comparison:
    """The state of a suspect's processes, from two samples.

    Attributes:
        window: seconds between the two.
        state: their state; None before the second sample.
        turned_at: when they changed to it from another state.
        before: (time, readings) with which the next sample is compared.
        own: the state of each Python worker and task's thread at the last comparison, by the key of its
            readings.
        trickle: bytes a second that background threads of those workers moved then.
    """

    window: float
    state: State | None = None
    turned_at: WatchTime = WatchTime(0.0)
    before: tuple[WatchTime, tuple[ProcessSample, ...]] | None = None
    own: dict[str, State] = field(default_factory=dict)
    trickle: float = 0.0

    def forget(self) -> None:
        """Reset: the suspicion has gone."""
        self.before = self.state = None
        self.own = {}

    def weigh(self, readings: tuple[ProcessSample, ...] | None, now: WatchTime, judge: Judge) -> None:
        """Add a sample; ``judge`` gets both samples and the seconds between them."""
        if readings is None:
            return
        if self.before is not None:
            at, earlier = self.before
            if now - at < self.window * NEARLY:
                return
            state = judge(earlier, readings, now - at)
            if self.state not in (None, state):
                self.turned_at = now
            self.state = state
        self.before = (now, readings)

    def look(self, since: WatchTime, limit: float, now: WatchTime) -> ObservationRequest[WatchTime]:
        """When to take the next sample: one window before the limit and at the limit.

        Args:
            since: when the suspicion began.
            limit: how long it may last if the suspect is blocked; otherwise ``PATIENCE`` times as long.
            now: the time of this observation.
        """
        if self.before is None:
            return ObservationRequest(WatchTime(max(now, since + limit - self.window)), readings=True)
        ends = [end for end in (since + limit, since + limit * PATIENCE) if end > now]
        return ObservationRequest(
            WatchTime(max(now, min([self.before[0] + self.window, *ends]))), readings=True
        )
