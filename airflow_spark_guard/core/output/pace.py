"""Limits how often something repeated is shown: often at first, then less and less."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_spark_guard.core.clock import MonotonicTime

_FULL = 3600.0
_SHARE = 360.0


@dataclass
class Pace:
    """At most once in ``every`` seconds during the first hour; later the pause is a 360th of the time so far.

    That is 100 s after 10 h: in a week, a line that is due every 10 s comes 2,200 times instead of 60,000.
    """

    every: float = 0.0
    _begun: MonotonicTime | None = None
    _shown_at: MonotonicTime = MonotonicTime(float("-inf"))

    def is_due(self, now: MonotonicTime) -> bool:
        """Whether to show it now; ``now`` in seconds of a monotonic clock."""
        self._begun = now if self._begun is None else self._begun
        passed = now - self._begun
        if now - self._shown_at < max(self.every, passed / _SHARE if passed > _FULL else 0.0):
            return False
        self._shown_at = now
        return True
