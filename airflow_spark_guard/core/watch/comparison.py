"""The second look: the readings of now beside those of one evidence window ago, and when to take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.watch.finding import Look
from airflow_spark_guard.core.watch.windows import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.watch.evidence import State
    from airflow_spark_guard.core.watch.observation import Reading

    Judge = Callable[[tuple[Reading, ...], tuple[Reading, ...], float], State]

# Whoever looks on time may still be a little early by the clock.
NEARLY = 0.9


@dataclass
class Comparison:
    """What a suspect's processes do, from two looks at them.

    Attributes:
        window: seconds between the two.
        state: what they do; None before they were looked at twice.
        turned_at: when they turned to it from doing something else.
        before: the readings that the next ones are compared with, and when they were taken.
        own: what each Python worker did by itself at the last comparison, by the key of its readings.
    """

    window: float
    state: State | None = None
    turned_at: WatchTime = WatchTime(0.0)
    before: tuple[WatchTime, tuple[Reading, ...]] | None = None
    own: dict[str, State] = field(default_factory=dict)

    def forget(self) -> None:
        """The suspicion has gone; the next one begins anew."""
        self.before = self.state = None
        self.own = {}

    def weigh(self, readings: tuple[Reading, ...] | None, now: WatchTime, judge: Judge) -> None:
        """Take in a look; ``judge`` is given both readings and the seconds between them."""
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

    def look(self, since: WatchTime, limit: float, now: WatchTime) -> Look[WatchTime]:
        """The readings that decide at the limit are taken one window before it and at it.

        Args:
            since: when the suspicion began.
            limit: how long it may last where the suspect is blocked; ``PATIENCE`` times as long elsewhere.
            now: the time of this look.
        """
        if self.before is None:
            return Look(WatchTime(max(now, since + limit - self.window)), readings=True)
        ends = [end for end in (since + limit, since + limit * PATIENCE) if end > now]
        return Look(WatchTime(max(now, min([self.before[0] + self.window, *ends]))), readings=True)
