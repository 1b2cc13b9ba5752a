"""One poller for all triggers that watch an application in the same way: each driver is asked once.

Pollers belong to an event loop; a triggerer has one. The poller's task runs in its own context: otherwise it
would write into the log of the trigger that came first.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class PollableSource(Protocol[T_co]):
    """The source that a poller asks."""

    async def look(self) -> T_co:
        """Look once."""

    async def aclose(self) -> None:
        """Close the connections."""


class _Poller(Generic[T]):
    """Looks every ``interval`` seconds, on a grid: a slow answer does not move the next question."""

    def __init__(self, source: PollableSource[T], interval: float, phase: float) -> None:
        self.followers = 0
        self.looks = 0
        self.newest: T | None = None
        self.error: Exception | None = None
        self._source = source
        self._interval = interval
        self._phase = phase
        self._began = False
        self._news = asyncio.Event()
        self._task = asyncio.create_task(
            self._run(), name="spark-guard poller", context=contextvars.Context()
        )

    async def after(self, looks: int) -> T:
        """The newest look, as soon as there are more than the ``looks`` that the caller has seen."""
        while self.looks == looks and self.error is None:
            await self._news.wait()
        if self.error is not None:
            raise self.error
        assert self.newest is not None  # noqa: S101 - looks counts only looks that have arrived
        return self.newest

    async def close(self) -> None:
        """Stop polling."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._began:  # cancelled before its first step
            await self._source.aclose()

    async def _run(self) -> None:
        self._began = True
        loop = asyncio.get_running_loop()
        due = loop.time()
        # Pollers that start together would otherwise always ask together.
        step = self._interval * self._phase
        try:
            while True:
                self.newest = await self._source.look()
                self.looks += 1
                self._notify()
                due = max(due + step, loop.time())
                step = self._interval
                await asyncio.sleep(due - loop.time())
        except Exception as error:  # noqa: BLE001 - whatever it is, the followers must receive it
            self.error = error
            self._notify()
        finally:
            await self._source.aclose()

    def _notify(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Poller[Any]]] = WeakKeyDictionary()


class Following(Generic[T]):
    """Follows the looks of one poller. Use as an async context manager; the last follower stops the poller.

    Args:
        key: what to look at, and how: equal keys share a poller.
        interval: seconds between two looks.
        source: makes the source to ask; called if no poller has the key yet.
    """

    def __init__(self, key: Hashable, interval: float, source: Callable[[], PollableSource[T]]) -> None:
        self._key = (key, interval)
        self._interval = interval
        self._make = source
        self._looks = 0

    async def __aenter__(self) -> Self:
        pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
        poller = pollers.get(self._key)
        if poller is None or poller.error is not None:
            phase = (hash(self._key) % 997 + 1) / 998
            poller = pollers[self._key] = _Poller(self._make(), self._interval, phase)
        self._poller: _Poller[T] = poller
        self._poller.followers += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._poller.followers -= 1
        if self._poller.followers == 0:
            pollers = _pollers.get(asyncio.get_running_loop(), {})
            if pollers.get(self._key) is self._poller:
                del pollers[self._key]
            await self._poller.close()

    async def next(self) -> T:
        """The newest look that this follower has not seen; a slow follower skips looks.

        Raises:
            Exception: the error that ended the poller.
        """
        seen = await self._poller.after(self._looks)
        self._looks = self._poller.looks
        return seen
