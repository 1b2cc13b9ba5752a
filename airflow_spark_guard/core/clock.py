"""The clocks that a time is read from, each a type of its own: mypy refuses one for the other.

The difference of two times is a plain number of seconds; a sum is a time again only where it is called one:
``EpochTime(submitted_at + budget)``.
"""

from __future__ import annotations

import time
from typing import NewType

EpochTime = NewType("EpochTime", float)
"""Seconds since 1970, by our own clock unless the field says whose; it may be set back."""

LaunchTime = NewType("LaunchTime", float)
"""Seconds since the launch of what is watched: in client mode since spark-submit was started, in cluster mode
since it was submitted, of another owner's application since that began. Never goes back."""

WatchTime = NewType("WatchTime", float)
"""Seconds since the launch without those in which the watching machine slept. Never goes back."""

MonotonicTime = NewType("MonotonicTime", float)
"""Seconds by ``time.monotonic()``: for differences within one process."""


def epoch_now() -> EpochTime:
    """The time of day."""
    return EpochTime(time.time())


def monotonic_now() -> MonotonicTime:
    """For differences within this process."""
    return MonotonicTime(time.monotonic())


def since(start: EpochTime, at: EpochTime) -> LaunchTime:
    """Seconds from the launch to a time; 0 for one before it, since clocks of two machines differ."""
    return LaunchTime(max(0.0, at - start))
