"""Reads the store beside the event loop: on few threads, and never for long."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
THREADS: Final = 4
PATIENCE: Final = 5.0
"""Seconds that a reader of the page waits for the store."""
# Calls that may wait for a thread: beyond that the store hangs, or too many look.
_MOST_WAITING = 40


class StoreSlowError(Exception):
    """The store does not respond; the text is one sentence for the page."""


@dataclass
class StoreThreads:
    """Runs functions that may hang.

    Args:
        patience: seconds that a caller waits.
    """

    patience: float = PATIENCE
    _pool: ThreadPoolExecutor | None = None
    _waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result.

        Raises:
            StoreSlowError: it takes too long, or too many calls wait already.
        """
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise StoreSlowError(
                    f"{self._waiting} readers wait for the record store, which does not respond."
                )
            self._waiting += 1
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, "spark-guard-store")
            task = self._pool.submit(function)
        task.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(task), self.patience)
        except TimeoutError:
            task.cancel()
            raise StoreSlowError(
                f"The record store did not respond within {self.patience:g} s (limit: {self.patience:g} s)."
            ) from None

    def _done(self, _: object) -> None:
        with self._lock:
            self._waiting -= 1
