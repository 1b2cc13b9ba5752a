"""A cluster's manager over HTTP; ``core/cluster/`` interprets the answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from airflow_spark_guard.core.cluster.status import RefusedError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.blocking import Blocking, Waits
from airflow_spark_guard.sources.http import MAX_BODY_IN_TRIGGER, HttpSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.cluster.manager import ClusterManager
    from airflow_spark_guard.core.cluster.status import ClusterStatus
    from airflow_spark_guard.core.web.access import Access
    from airflow_spark_guard.core.web.answer import Dialogue

T = TypeVar("T")
_TICK = 0.3


class AsyncClusterSource:
    """Asks a manager about applications. Belongs to one event loop.

    Args:
        manager: how to talk to it; its servers are tried in turn, since only one of several is active.
        access: returns the credentials; called again if they are refused.
        timeout: longest silence of a server, in seconds; one question may take three times that.
        max_body: the largest answer to read, in bytes; by default the limit of a triggerer.
    """

    def __init__(
        self,
        manager: ClusterManager,
        access: Callable[[], Access],
        *,
        timeout: float = 5.0,
        max_body: int = MAX_BODY_IN_TRIGGER,
    ) -> None:
        self._max_body = max_body
        self.manager = manager
        self._access = access
        self._timeout = timeout
        self._used = access()
        self._http: dict[str, HttpSource] = {}

    async def status(self, application_id: str) -> ClusterStatus:
        """The application's status now.

        Raises:
            UnusableAnswerError: no server answers.
            RefusedError: a server answers, but refuses our credentials.
        """
        return await self._ask(lambda: self.manager.status(application_id))

    async def find(self, mark: str, value: str) -> tuple[ClusterStatus, ...]:
        """The active applications with this mark, oldest first; errors as of :meth:`status`."""
        return await self._ask(lambda: self.manager.find(mark, value))

    async def log_tail(self, application_id: str) -> str:
        """The last lines of the driver's output; errors as of :meth:`status`."""
        return await self._ask(lambda: self.manager.log_tail(application_id))

    async def end(self, application_id: str, patience: float) -> str:
        """Kill the application; empty, or why there was no proof within ``patience`` seconds."""
        limit = asyncio.get_running_loop().time() + patience
        reason, requested = f"{self.manager.title} did not answer in time", False
        while asyncio.get_running_loop().time() < limit:
            try:
                async with asyncio.timeout_at(limit):
                    ask = self.manager.status if requested else self.manager.kill
                    status = await self._ask(lambda ask=ask: ask(application_id))  # type: ignore[misc]
                    requested = True
                    if not status.state.is_active:
                        return ""
                    reason = f"{self.manager.title} still reports {status.what or status.state}"
            except (UnusableAnswerError, TimeoutError) as error:
                reason = str(error) or reason
            await asyncio.sleep(_TICK)
        return reason

    async def aclose(self) -> None:
        """Close the connections."""
        while self._http:
            await self._http.popitem()[1].aclose()

    async def _ask(self, dialogue: Callable[[], Dialogue[T]]) -> T:
        reasons, refusal = [], None
        for server in self.manager.servers:
            try:
                return await self._let_in(server, dialogue)
            except RefusedError as error:
                refusal = error
            except UnusableAnswerError as error:
                reasons.append(f"{server}: {error}")
        raise refusal or UnusableAnswerError(safe_text("; ".join(reasons))[:1000])

    async def _let_in(self, server: str, dialogue: Callable[[], Dialogue[T]]) -> T:
        try:
            return await self._server(server).run(dialogue())
        except RefusedError:
            renewed = self._access()
            if renewed == self._used:
                raise
            self._used = renewed
            await self.aclose()
            return await self._server(server).run(dialogue())

    def _server(self, server: str) -> HttpSource:
        if server not in self._http:
            try:
                self._http[server] = HttpSource(
                    server, timeout=self._timeout, access=self._used, max_body=self._max_body
                )
            except OSError as error:  # the file of certificates is missing or not valid
                raise UnusableAnswerError(f"its certificates cannot be read: {error}") from error
        return self._http[server]


class BlockingClusterSource(Blocking[AsyncClusterSource]):
    """Asks a manager, for blocking callers."""

    status = Waits(AsyncClusterSource.status)
    find = Waits(AsyncClusterSource.find)
    log_tail = Waits(AsyncClusterSource.log_tail)
    end = Waits(AsyncClusterSource.end)
