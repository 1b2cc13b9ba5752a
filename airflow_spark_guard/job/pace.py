"""Limits how often messages of one kind are written: a job may report in its innermost loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """A token bucket.

    Args:
        burst: messages at once, at the beginning or after a long pause.
        rate: messages per second after that.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._free, self._seen = burst, clock()

    def take(self) -> bool:
        """Whether one more may be written now."""
        now = self._clock()
        self._free = min(self._burst, self._free + (now - self._seen) * self._rate)
        self._seen = now
        if self._free < 1:
            return False
        self._free -= 1
        return True
