"""The driver's REST API over HTTP; ``core/web/spark_rest.py`` interprets the answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.web import spark_rest
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.at_once import ask_all
from airflow_spark_guard.sources.blocking import Blocking, Waits
from airflow_spark_guard.sources.http import MAX_BODY, HttpSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import DriverView
    from airflow_spark_guard.core.web.access import Access
    from airflow_spark_guard.core.web.answer import Dialogue
    from airflow_spark_guard.core.web.spark_rest import JavaThread

_AT_ONCE = 4  # for each request the driver asks an executor


class AsyncRestSource:
    """Asks the driver about one application.

    Args:
        base_url: the UI, such as ``http://host:4040``.
        application_id: the application; the UI of another one is not read.
        local: whether the master is ``local[n]``.
        timeout: longest silence of the driver, in seconds; one look may take three times that.
        access: credentials for the driver or its proxy; None for none.
        max_body: the largest answer to read, in bytes.

    Attributes:
        started: when the application started; None before the first look.
    """

    def __init__(
        self,
        base_url: str,
        application_id: str,
        *,
        local: bool = False,
        timeout: float = 5.0,
        access: Access | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self._http = HttpSource(base_url, timeout=timeout, access=access, max_body=max_body)
        self.started: EpochTime | None = None
        self._application_id = application_id
        self._local = local
        self._known = False
        self._dropped = 0

    async def look(self, *, details: bool = False) -> DriverView:
        """Look once; ``details`` adds task times, and the number of events that the driver has dropped.

        Raises:
            UnusableAnswerError: no answer, or one without our application.
        """
        looking = spark_rest.look(
            self._application_id, details=details, local=self._local, dropped=self._dropped
        )
        view = await self._look(looking)
        self._dropped = view.dropped_events
        return view

    async def executors(self) -> DriverView:
        """Look once, cheaply: executors, and active stages if no executor is left.

        Raises:
            UnusableAnswerError: no answer, or one without our application.
        """
        return await self._look(spark_rest.executors(self._application_id))

    async def _look(self, looking: Dialogue[DriverView]) -> DriverView:
        try:
            view = await self._http.run(self._checked(looking))
        except UnusableAnswerError:
            self._known = False  # another application may have taken the port
            raise
        self._known = True
        return view

    def _checked(self, looking: Dialogue[DriverView]) -> Dialogue[DriverView]:
        if not self._known:
            self.started = yield from spark_rest.check_application(self._application_id)
        return (yield from looking)

    async def threads(self, executor_id: str) -> list[JavaThread]:
        """The threads of an executor's JVM, or of the driver's (``driver``).

        Raises:
            UnusableAnswerError: no answer, or the executor does not exist.
        """
        return await self._http.run(spark_rest.threads(self._application_id, executor_id))

    async def threads_of(
        self, executor_ids: Iterable[str], *, seconds: float
    ) -> dict[str, list[JavaThread] | None]:
        """The threads of many executors, a few at once; None for one that gave no usable answer.

        Args:
            executor_ids: asked in this order.
            seconds: limit for all of them together. An executor that was not asked in time is left out.
        """
        questions = {name: partial(self.threads, name) for name in executor_ids}
        return await ask_all(questions, seconds=seconds, most=_AT_ONCE)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class RestSource(Blocking[AsyncRestSource]):
    """Asks the driver, for blocking callers."""

    look = Waits(AsyncRestSource.look)
    threads = Waits(AsyncRestSource.threads)
    threads_of = Waits(AsyncRestSource.threads_of)
