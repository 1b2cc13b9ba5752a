"""One poller for all who watch the same application in the same way: a driver is asked once, not by each.

Pollers belong to an event loop, as a triggerer has one. The poller's task runs in a context of its own: it
would otherwise log into the log of whoever came first.
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


class LookingSource(Protocol[T_co]):
    """What a poller asks."""

    async def look(self) -> T_co:
        """One look."""

    async def aclose(self) -> None:
        """Close the connections."""


class _Poller(Generic[T]):
    """Looks every ``interval`` seconds, on a grid: a slow answer does not move the next question."""

    def __init__(self, source: LookingSource[T], interval: float, phase: float) -> None:
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
        """The newest look, once there is one that the caller, who has seen ``looks``, has not."""
        while self.looks == looks and self.error is None:
            await self._news.wait()
        if self.error is not None:
            raise self.error
        assert self.newest is not None  # noqa: S101 - a look counts when it is there
        return self.newest

    async def close(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._began:  # cancelled before its first step
            await self._source.aclose()

    async def _run(self) -> None:
        self._began = True
        loop = asyncio.get_running_loop()
        due = loop.time()
        # Many that start together would else ask together for ever.
        step = self._interval * self._phase
        try:
            while True:
                self.newest = await self._source.look()
                self.looks += 1
                self._tell()
                due = max(due + step, loop.time())
                step = self._interval
                await asyncio.sleep(due - loop.time())
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait have to be told
            self.error = error
            self._tell()
        finally:
            await self._source.aclose()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Poller[Any]]] = WeakKeyDictionary()


class Following(Generic[T]):
    """Follows the looks at one thing. Use as an async context manager; the last one out ends the poller.

    Args:
        key: what is looked at, and how: equal keys share a poller.
        interval: seconds between two looks.
        source: makes what is asked; called where no poller has the key yet.
    """

    def __init__(self, key: Hashable, interval: float, source: Callable[[], LookingSource[T]]) -> None:
        self._key = (key, interval)
        self._interval = interval
        self._make = source
        self._looks = 0

    async def __aenter__(self) -> Self:
        pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
        found = pollers.get(self._key)
        if found is None or found.error is not None:
            phase = (hash(self._key) % 997 + 1) / 998
            found = pollers[self._key] = _Poller(self._make(), self._interval, phase)
        self._poller: _Poller[T] = found
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
        """The next look that this follower has not seen; those that it was too slow for are left out.

        Raises:
            Exception: what ended the poller.
        """
        seen = await self._poller.after(self._looks)
        self._looks = self._poller.looks
        return seen
