"""Async sources for callers that wait: an event loop on a thread of its own, and one proxy for all sources.

The one transport is async, because only there a time limit holds whatever a server does: names that do not
resolve, headers that drip. A thread of its own, because a signal's handler (Airflow's ``on_kill``) may ask
while the main thread waits for an answer.

anyio's portal, which httpx brings, does this too, but takes three times as long to start, and its end waits
for a name that does not resolve: 8.0 s where this one took 0.5 s.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import closing
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")
_PATIENCE = 1.0  # with a thread that has nothing left to do


class _Server(threading.Thread):
    """A thread that runs a loop until it is stopped; it never keeps the process alive."""

    def __init__(self) -> None:
        super().__init__(name="spark-guard-sources", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.start()

    def run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(_PATIENCE)


class BlockingLoop:
    """Runs coroutines and waits for them. The thread starts with the first one, in each process anew."""

    def __init__(self) -> None:
        self._servers: dict[int, _Server] = {}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns or raises; it is cancelled when the waiting is interrupted."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._server().loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End the thread; a later :meth:`run` would start another."""
        server = self._servers.pop(os.getpid(), None)
        if server is not None:
            server.stop()

    def _server(self) -> _Server:
        """This process's own: a fork has no threads. A signal's handler may make one while this makes one."""
        found = self._servers.get(os.getpid())
        if found is None:
            made = _Server()
            found = self._servers.setdefault(os.getpid(), made)
            if found is not made:
                made.stop()
        return found


class Closable(Protocol):
    """What every async source has."""

    async def aclose(self) -> None:
        """Close the connections."""


S = TypeVar("S", bound=Closable)


class Blocking(Generic[S]):
    """A source for callers that wait: arguments, answers and errors are those of the async one.

    A subclass names the methods: ``look = Waits(AsyncRestSource.look)``.

    Args:
        source: the async one; it belongs to this one from now on.
    """

    def __init__(self, source: S) -> None:
        self.source = source
        self._loop = BlockingLoop()
        self._closed = False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine of the source returns or raises."""
        return self._loop.run(coroutine)

    def close(self) -> None:
        """Close the connections, and end the thread that served them; a second time changes nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self.run(self.source.aclose())
        finally:
            self._loop.close()


class Waits(Generic[S, P, T]):
    """A method of a :class:`Blocking` that waits for the async one.

    Args:
        method: of the async source.
    """

    def __init__(self, method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]]) -> None:
        self._method = method

    def __get__(self, blocking: Blocking[S], _: type) -> Callable[P, T]:
        @wraps(self._method)
        def wait(*args: P.args, **kwargs: P.kwargs) -> T:
            return blocking.run(self._method(blocking.source, *args, **kwargs))

        return wait


def waiting(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """An async function for callers that wait, each call on a thread of its own."""

    @wraps(function)
    def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        with closing(BlockingLoop()) as loop:
            return loop.run(function(*args, **kwargs))

    return wait
