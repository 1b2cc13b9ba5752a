"""A standalone master over HTTP; ``core/web/master_json.py`` interprets the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.sources.blocking import Blocking, Waits
from airflow_spark_guard.sources.http import HttpSource

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Master
    from airflow_spark_guard.core.web.master_page import ApplicationPage


class AsyncMasterSource:
    """Asks a master about applications.

    Args:
        master_url: ``spark://host:7077``, or several as ``spark://host:7077,host2:7077``.
        ui: its web UI, such as ``http://host:8080``; None for port 8080 of each host, trusted only if it
            names one of these masters.
        timeout: longest silence of a master, in seconds; one question may take three times that.
    """

    def __init__(self, master_url: str, ui: str | None = None, *, timeout: float = 5.0) -> None:
        self._masters = master_json.addresses(master_url)
        self._ui = ui
        self._http = HttpSource(timeout=timeout)

    async def look(self, application_id: str | None = None) -> Master:
        """The master's workers and the application's state now.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.look(self._masters, self._ui, application_id))

    async def web_ui(self) -> str:
        """The web UI of the living master, verified to be one of these.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.web_ui(self._masters, self._ui))

    async def kill(self, application_id: str) -> bool:
        """Kill the application; whether the master then reports that it has ended.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.kill(self._masters, self._ui, application_id))

    async def page(self, application_id: str) -> ApplicationPage:
        """The application's page, which lists executors that never reached the driver.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.page(self._masters, self._ui, application_id))

    async def gone(self, application_id: str) -> bool | None:
        """Whether the master has ended the application; None if that cannot be determined."""
        return await self._http.run(master_json.gone(self._masters, self._ui, application_id))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class MasterSource(Blocking[AsyncMasterSource]):
    """Asks a master, for blocking callers."""

    look = Waits(AsyncMasterSource.look)
    web_ui = Waits(AsyncMasterSource.web_ui)
    kill = Waits(AsyncMasterSource.kill)
    page = Waits(AsyncMasterSource.page)
    gone = Waits(AsyncMasterSource.gone)
