"""Asks all witnesses of an application of another system; ``core/remote/`` interprets the answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spark_guard.core.clock import epoch_now, monotonic_now
from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError
from airflow_spark_guard.core.remote.unregistered import Unregistered
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web import history_rest, master_json
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.core.web.snapshot import Snapshot
from airflow_spark_guard.sources.blocking import Blocking, Waits
from airflow_spark_guard.sources.http import MAX_BODY_IN_TRIGGER, HttpSource
from airflow_spark_guard.sources.rest import AsyncRestSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.watch.observation import DriverView
    from airflow_spark_guard.core.web.answer import Dialogue
    from airflow_spark_guard.core.web.master_page import ApplicationPage
    from airflow_spark_guard.core.web.snapshot import History, Manager

    AccessFor = Callable[[str], Access]

T = TypeVar("T")
_TICK = 1.0
Silent = dict[str, str]


def open_to_all(_: str) -> Access:
    """The access to a server that needs no credentials."""
    return Access()


class AsyncRemoteSource:
    """Looks at one application. Belongs to one event loop.

    Args:
        target: its id, and the servers to ask.
        access_for: the access to a server, by its address.
        whole: whether every look also asks for jobs, stages and the master; else only for executors, as long
            as the driver answers.
        timeout: longest silence of a server, in seconds; one question may take three times that.
        max_body: the largest answer to read, in bytes; by default the limit of a triggerer.
    """

    def __init__(
        self,
        target: Target,
        access_for: AccessFor = open_to_all,
        *,
        whole: bool = False,
        timeout: float = 5.0,
        max_body: int = MAX_BODY_IN_TRIGGER,
    ) -> None:
        self._target = target
        self._max_body = max_body
        self._access_for = access_for
        self._whole = whole
        self._timeout = timeout
        self._id = target.application_id
        self._driver_ui = target.driver_ui
        self._driver: AsyncRestSource | None = None
        self._unregistered = Unregistered()
        self._masters = master_json.addresses(target.master)
        self._master = self._source(target.master_ui) if target.master or target.master_ui else None
        self._history = self._source(target.history_server) if target.history_server else None

    async def look(self) -> Snapshot:
        """A new snapshot of the application."""
        silent: Silent = {}
        driver = await self._ask_driver(silent)
        if driver is not None and self._master is not None:
            driver = await self._with_unregistered(driver, self._master, silent)
        manager = await self._ask_master(silent) if driver is None or self._whole else None
        history = await self._ask_history(silent) if driver is None else None
        started = self._driver.started if self._driver is not None and driver is not None else None
        if started is None and history is not None:
            started = history.started
        return Snapshot(
            at=driver.clock if driver is not None and driver.clock else epoch_now(),
            application_id=self._id,
            driver=driver,
            driver_ui=self._driver_ui,
            started=started,
            manager=manager,
            history=history,
            silent=tuple(silent.items()),
        )

    async def kill(self) -> bool:
        """Kill the application through its master; whether the master then reports that it has ended.

        Raises:
            ApplicationError: no master is configured, or the application's id is not known.
            UnusableAnswerError: no living master answered.
        """
        if self._master is None or not self._id:
            raise ApplicationError(
                "The application cannot be killed from here.",
                got="no standalone master is configured" if self._id else "the application's id is not known",
                expected="a standalone master: only it can kill an application of another system",
                advice='Give master="spark://host:7077", or kill it by hand.',
            )
        return await self._master.run(master_json.kill(self._masters, self._ui, self._id))

    async def end(self, patience: float) -> str:
        """Kill it through its master; empty, or why there was no proof within ``patience`` seconds."""
        limit = time.monotonic() + patience
        while True:
            try:
                if await self.kill():
                    return ""
                trouble = "the master does not report that it has ended"
            except UnusableAnswerError as error:
                trouble = str(error)
            except ApplicationError as error:
                return f"{error.what} {error.advice}"
            if time.monotonic() >= limit:
                return trouble
            await asyncio.sleep(_TICK)

    async def aclose(self) -> None:
        """Close the connections."""
        for source in (self._driver, self._master, self._history):
            if source is not None:
                await source.aclose()

    @property
    def _ui(self) -> str | None:
        return self._target.master_ui or None

    def _source(self, url: str) -> HttpSource:
        return opened(
            HttpSource, url, timeout=self._timeout, access=self._access_for(url), max_body=self._max_body
        )

    async def _ask_driver(self, silent: Silent) -> DriverView | None:
        if not self._driver_ui and self._master is not None:
            page = await self._ask_page(self._master, silent)
            self._driver_ui = page.driver_ui if page is not None else ""
        if not self._driver_ui:
            silent.setdefault("driver", "its address is not known")
            return None
        if self._driver is None:
            url = self._driver_ui
            access = self._access_for(url)
            self._driver = opened(
                AsyncRestSource,
                url,
                self._id,
                timeout=self._timeout,
                access=access,
                max_body=self._max_body,
            )
        try:
            return await (self._driver.look(details=True) if self._whole else self._driver.executors())
        except UnusableAnswerError as error:
            silent["driver"] = f"{self._driver_ui}: {error}"
            await self._forget_driver()
            return None

    async def _with_unregistered(self, driver: DriverView, master: HttpSource, silent: Silent) -> DriverView:
        if self._unregistered.worth_asking(driver, monotonic_now()):
            await self._ask_page(master, silent)
        return self._unregistered.added_to(driver)

    async def _ask_page(self, master: HttpSource, silent: Silent) -> ApplicationPage | None:
        asked = master_json.page(self._masters, self._ui, self._id)
        page = await answer_of(silent, "master", master, asked)
        self._unregistered.learn(page, monotonic_now())
        return page

    async def _forget_driver(self) -> None:
        """Its driver may have moved to another port, or the application may have been restarted."""
        if not self._target.driver_ui:
            self._driver_ui = ""
            if self._driver is not None:
                await self._driver.aclose()
            self._driver = None

    async def _ask_master(self, silent: Silent) -> Manager | None:
        if self._master is None:
            return None
        dialogue = master_json.application(self._masters, self._ui, self._id)
        manager = await answer_of(silent, "master", self._master, dialogue)
        if manager is not None and not manager.state:
            silent["master"] = f"knows no application {self._id}"
        return manager

    async def _ask_history(self, silent: Silent) -> History | None:
        if self._history is None:
            return None
        history = await answer_of(silent, "history server", self._history, history_rest.application(self._id))
        if history is not None and not history.known:
            silent["history server"] = f"knows no application {self._id}"
        elif history is not None and not history.completed:
            silent["history server"] = "its event log is still open"
        return history


class RemoteSource(Blocking[AsyncRemoteSource]):
    """Looks at one application, for blocking callers."""

    look = Waits(AsyncRemoteSource.look)
    end = Waits(AsyncRemoteSource.end)


def opened(kind: Callable[..., T], *given: Any, access: Access, **named: Any) -> T:
    """A source of this kind.

    Raises:
        ConnectionMissingError: the connection's file of certificates does not exist or cannot be read.
    """
    try:
        return kind(*given, access=access, **named)
    except OSError as error:
        raise ConnectionMissingError(
            "The Airflow connection cannot be used: verify is not a file of certificates.",
            got=safe_text(f"{access.verify}: {error.strerror or error}")[:300],
            expected="a readable PEM file, or true, or false",
            advice="Check that the path exists on workers and triggerer.",
        ) from error


async def answer_of(silent: Silent, witness: str, source: HttpSource, dialogue: Dialogue[T]) -> T | None:
    """The witness's answer; None, with the reason in ``silent``, if it gives no usable one."""
    try:
        return await source.run(dialogue)
    except UnusableAnswerError as error:
        silent[witness] = str(error)
        return None
