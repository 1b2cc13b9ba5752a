"""How many cases run at the same time."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Settled = Callable[[], None]

WHOLE, HALF = 2, 1


class Places:
    """``jobs`` whole places, counted in halves.

    A case starts with a whole one; one that only waits then gives half of it back: two that wait make room
    for one that starts. A start takes most of the CPU of such a case, so that the number of cases that start
    or compute is never larger than ``jobs``.

    Attributes:
        free: halves that no case holds.
    """

    def __init__(self, jobs: int) -> None:
        self.free = WHOLE * jobs
        self._change = threading.Condition()
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def place(self, *, waits: bool) -> Iterator[Settled]:
        """Wait for a place. What is yielded is to be called when the case has nothing left but to wait."""
        held = WHOLE
        # One after the other: a case that waits for a place keeps those behind it from taking it.
        with self._turn, self._change:
            self._change.wait_for(lambda: self.free >= WHOLE)
            self.free -= WHOLE

        def settle() -> None:
            nonlocal held
            if waits and held == WHOLE:
                held = HALF
                self._give_back(WHOLE - HALF)

        try:
            yield settle
        finally:
            self._give_back(held)

    def _give_back(self, halves: int) -> None:
        with self._change:
            self.free += halves
            self._change.notify_all()
