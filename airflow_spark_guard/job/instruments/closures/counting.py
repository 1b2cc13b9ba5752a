"""A file that keeps nothing of what is written to it but the count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Pickle protocol 4 and later: PROTO and its number, FRAME and its length, STOP.
_WITHOUT_FRAME, _WITH_FRAME, _SMALLEST_FRAMED = 3, 12, 15


class OutOfTimeError(Exception):
    """The measurement took longer than it may."""


class CountingFile:
    """Counts bytes. A pickler writes at every 64 KiB, and large buffers without a copy.

    Args:
        seconds: from now on; a write after that raises OutOfTimeError.
        clock: seconds that only grow.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._clock = clock
        self._end = clock() + seconds

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Count.

        Raises:
            OutOfTimeError: the time is over.
        """
        size = memoryview(data).nbytes
        self.count += size
        if self._clock() > self._end:
            raise OutOfTimeError
        return size


def without_envelope(size: int) -> int:
    """What a pickle of this many bytes would add to another one: without its own begin, frame and end."""
    return size - (_WITH_FRAME if size >= _SMALLEST_FRAMED else _WITHOUT_FRAME)
