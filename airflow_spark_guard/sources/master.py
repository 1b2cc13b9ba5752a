"""A standalone master, asked over HTTP; ``core/web/master_json.py`` says what the answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.sources.blocking import BlockingLoop
from airflow_spark_guard.sources.http import HttpSource

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Master
    from airflow_spark_guard.core.web.master_page import ApplicationPage


class AsyncMasterSource:
    """What a master says of applications.

    Args:
        master_url: ``spark://host:7077``, or several as ``spark://host:7077,host2:7077``.
        ui: its web UI, such as ``http://host:8080``; None: port 8080 of each host, believed only when it
            names one of these masters.
        timeout: longest silence of a master, in seconds; one question may take three times that.
    """

    def __init__(self, master_url: str, ui: str | None = None, *, timeout: float = 5.0) -> None:
        self._masters = master_json.addresses(master_url)
        self._ui = ui
        self._http = HttpSource(timeout=timeout)

    async def look(self, application_id: str | None = None) -> Master:
        """One look.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.look(self._masters, self._ui, application_id))

    async def web_ui(self) -> str:
        """The web UI of the living master, known to be one of these.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.web_ui(self._masters, self._ui))

    async def kill(self, application_id: str) -> bool:
        """End the application; whether the master says afterwards that it has ended.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.kill(self._masters, self._ui, application_id))

    async def page(self, application_id: str) -> ApplicationPage:
        """The application's own page, which names executors that never reached the driver.

        Raises:
            UnusableAnswerError: no living master answered.
        """
        return await self._http.run(master_json.page(self._masters, self._ui, application_id))

    async def gone(self, application_id: str) -> bool | None:
        """Whether the master has ended the application; None where that cannot be known."""
        return await self._http.run(master_json.gone(self._masters, self._ui, application_id))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class MasterSource:
    """The same for callers that wait; arguments and errors are those of :class:`AsyncMasterSource`."""

    def __init__(self, master_url: str, ui: str | None = None, *, timeout: float = 5.0) -> None:
        self._source = AsyncMasterSource(master_url, ui, timeout=timeout)
        self._loop = BlockingLoop()

    def look(self, application_id: str | None = None) -> Master:
        """One look."""
        return self._loop.run(self._source.look(application_id))

    def web_ui(self) -> str:
        """The web UI of the living master."""
        return self._loop.run(self._source.web_ui())

    def kill(self, application_id: str) -> bool:
        """End the application; whether the master says afterwards that it has ended."""
        return self._loop.run(self._source.kill(application_id))

    def page(self, application_id: str) -> ApplicationPage:
        """The application's own page."""
        return self._loop.run(self._source.page(application_id))

    def gone(self, application_id: str) -> bool | None:
        """Whether the master has ended the application; None where that cannot be known."""
        return self._loop.run(self._source.gone(application_id))

    def close(self) -> None:
        """Close the connections, and end the thread that served them."""
        self._loop.run(self._source.aclose())
        self._loop.close()
