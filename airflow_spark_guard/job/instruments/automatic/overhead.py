"""A bound on the time that automatic measurements take, so that no job pays more than it agreed to."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# By verbosity: share of the job's wall time. Half of what is promised: not every cost can be timed from here.
SHARES = (0.0, 0.0025, 0.005, 0.01)


class Overhead:
    """Time spent on measurements against the time that has passed.

    Args:
        share: of the time since the start that measurements may take, 0 to 1.
        clock: monotonic, in seconds.

    Attributes:
        left_out: measurements that were left out because the share was used up.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._share, self._clock = share, clock
        self._begin, self._spent = clock(), 0.0
        self._lock = threading.Lock()
        self.left_out = 0

    @property
    def spent(self) -> float:
        """Seconds spent so far."""
        return self._spent

    def allows(self) -> bool:
        """Whether one more measurement may be taken now; if not, it is counted as left out."""
        # The first one is always allowed; the next one when the job has run long enough to bear it.
        if self._spent <= self._share * (self._clock() - self._begin):
            return True
        with self._lock:
            self.left_out += 1
        return False

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time of the block as spent."""
        begin = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._spent += self._clock() - begin
