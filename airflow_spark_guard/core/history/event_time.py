"""The clock of a log: the newest time that its events name. A time that is out of all reason is left out."""

from __future__ import annotations

from airflow_spark_guard.core.clock import EpochTime

_LEAP = 400 * 86_400_000
"""Milliseconds between two events after which the second one's time is taken for damage."""


class EventClock:
    """Follows the times of events, in milliseconds since the epoch.

    Attributes:
        now: the newest; 0 before the first.
        first: the first one that was taken; 0 before it.
    """

    __slots__ = ("first", "now")

    def __init__(self) -> None:
        self.now = self.first = 0

    def begin(self, at: int) -> bool:
        """Set the clock to the start of the application if it is far from that; whether it was."""
        is_off = abs(self.now - at) >= _LEAP
        if is_off:
            self.now = self.first = at
        return is_off

    def move(self, at: int) -> None:
        """Set the clock forward."""
        self.now, self.first = at, self.first or at

    def is_news(self, at: int) -> bool:
        """Whether an event at this time would set the clock forward."""
        return self.now < at and (not self.now or at - self.now < _LEAP)


def epoch(at: int | None) -> EpochTime | None:
    """Milliseconds since the epoch as a time; None if there is none."""
    return None if at is None or at <= 0 else EpochTime(at / 1000)
