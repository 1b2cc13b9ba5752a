"""``SparkMonitorHook``: queries Spark's web servers about any application."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, BaseHook

from airflow_spark_guard.core.errors import ConnectionMissingError, MonitorError, SparkGuardError
from airflow_spark_guard.core.remote.monitor_connection import MonitorConnection, origin
from airflow_spark_guard.core.remote.monitor_form import MONITOR_CONNECTION
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web import application_rows, master_json
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.raw_connection import not_found
from airflow_spark_guard.sources.blocking import waiting
from airflow_spark_guard.sources.http import HttpSource

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.monitor_connection import Fields
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.access import Access
    from airflow_spark_guard.core.web.answer import Dialogue
    from airflow_spark_guard.core.web.application_rows import (
        ApplicationRow,
        ExecutorRow,
        RestartRow,
        StageRow,
    )

T = TypeVar("T")

# A thousand stages with their accumulators; the watchdog's responses are much smaller.
_MAX_BODY = 32 << 20


class SparkMonitorHook(BaseHook):
    """Query a driver's UI or a history server about Spark applications. Creating it sends no request.

    Args:
        conn_id: a connection of type ``spark_monitor``; None or empty for none: then only ``url`` is
            queried, without credentials.
        url: the server to query, such as ``http://host:4040``; empty for the connection's. Credentials are
            sent to it only if the connection names the same server.

    Raises:
        ConnectionMissingError: from each method: the connection does not exist, or is not valid.
        MonitorError: from each query: the server gave no usable answer.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "spark_monitor_default"
    conn_type = "spark_monitor"
    hook_name = "Spark monitor"

    def __init__(self, conn_id: str | None = default_conn_name, *, url: str = "") -> None:
        super().__init__()
        self.conn_id = conn_id
        self._given = url
        self._loaded = None if conn_id else MonitorConnection()

    @classmethod
    async def load(cls, conn_id: str | None = default_conn_name, *, url: str = "") -> Self:
        """Look the connection up without blocking (for the triggerer), and return a hook.

        Raises:
            ConnectionMissingError: the connection does not exist, or is not valid.
        """
        hook = cls(conn_id, url=url)
        if conn_id:
            with AirflowErrors():
                hook._loaded = _checked(await cls._looked_up(conn_id))
        return hook

    @classmethod
    async def _looked_up(cls, conn_id: str) -> Fields:
        try:
            return await cls.aget_connection(conn_id)
        except AirflowException as error:
            raise _missing(conn_id, error) from error

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """The connection form for Airflow 3.1; newer versions read the provider info."""
        behaviour = MONITOR_CONNECTION["ui-field-behaviour"]
        return {name.replace("-", "_"): value for name, value in behaviour.items()}

    @property
    @AirflowErrors()
    def url(self) -> str:
        """The server to query: ``url=``, else the connection's host, driver UI or history server.

        Raises:
            MonitorError: no server is configured.
        """
        found = (self._given or self._connection.server).rstrip("/")
        if origin(found) is None:
            raise MonitorError(
                "No server is configured for queries about Spark applications.",
                got=safe_text(found)[:200],
                expected="the address of a driver's UI or of a history server, such as http://host:18080",
                advice="Set url=, or the host of the connection (conn_id=).",
            )
        return found

    @property
    @AirflowErrors()
    def timeout(self) -> float:
        """Time-out for a server that sends nothing, in seconds."""
        return self._connection.timeout

    @AirflowErrors()
    def target(self, asked: Target | None = None, /, **named: str) -> Target:
        """The application and the servers that know about it, for sensors and triggers.

        Args:
            asked: what the caller knows; overrides the connection.
            **named: fields of a target, such as ``application_id="app-..."``; override ``asked``.

        Raises:
            ApplicationError: a value is not valid.
        """
        known = asked.to_json() if asked is not None else {}
        return self._connection.target(**{**known, **named})

    @AirflowErrors()
    def access_for(self, url: str) -> Access:
        """The access to a server: the connection's credentials if it names that server, else none."""
        return self._connection.access_for(url)

    def applications(self) -> list[ApplicationRow]:
        """The applications that the server knows, at most 1000; a driver's UI knows only its own."""
        return self._ask(application_rows.applications(), "its applications")

    def stages(self, application_id: str, status: str = "") -> list[StageRow]:
        """The stages of an application.

        Args:
            application_id: such as ``app-20261121031500-0007``.
            status: only ``active``, ``complete``, ``pending``, ``failed`` or ``skipped`` ones; empty for all.
        """
        return self._ask(application_rows.stages(application_id, status), f"stages of {application_id}")

    def executors(self, application_id: str) -> list[ExecutorRow]:
        """The executors of an application, living ones first; the driver has a row with id ``driver``."""
        return self._ask(application_rows.executors(application_id), f"executors of {application_id}")

    def restarts(self, application_id: str) -> list[RestartRow]:
        """The executors that an application has lost, oldest loss first.

        Executors removed by dynamic allocation, by a decommission or at the end do not count as lost.
        """
        return self._ask(application_rows.restarts(application_id), f"lost executors of {application_id}")

    def test_connection(self) -> tuple[bool, str]:
        """Query every server that the connection names; return whether all answered, and a line for each."""
        try:
            connection = self._connection
            results = [self._tested(url) for url in self._web_servers(connection)]
            if connection.witnesses.get("master") or connection.witnesses.get("master_ui"):
                results.append(self._tested_master(connection))
            if not results:
                return False, "The connection names no server: set its host, or the extras that name one."
        except SparkGuardError as error:
            return False, str(error)
        return all(good for good, _ in results), "\n".join(text for _, text in results)

    @property
    def _connection(self) -> MonitorConnection:
        if self._loaded is None:
            conn_id = str(self.conn_id)
            try:
                found: Fields = self.get_connection(conn_id)
            except AirflowException as error:
                raise _missing(conn_id, error) from error
            self._loaded = _checked(found)
        return self._loaded

    def _web_servers(self, connection: MonitorConnection) -> list[str]:
        witnesses = (connection.witnesses.get(key, "") for key in ("driver_ui", "history_server"))
        named = (url.rstrip("/") for url in (self._given, connection.url, *witnesses))
        return [url for url in dict.fromkeys(named) if url]

    def _tested(self, url: str) -> tuple[bool, str]:
        try:
            found = self._ask(application_rows.applications(), "its applications", url)
        except MonitorError as error:
            return False, str(error)
        return True, f"{url}: {len(found)} application{'' if len(found) == 1 else 's'}"

    def _tested_master(self, connection: MonitorConnection) -> tuple[bool, str]:
        masters = master_json.addresses(connection.witnesses.get("master", ""))
        ui = connection.witnesses.get("master_ui", "").rstrip("/")
        try:
            found = self._ask(master_json.look(masters, ui or None, None), "its workers", ui)
        except MonitorError as error:
            return False, str(error)
        count = len(found.workers)
        return True, f"{ui or ', '.join(masters)}: {count} living worker{'' if count == 1 else 's'}"

    @AirflowErrors()
    def _ask(self, dialogue: Dialogue[T], what: str, url: str | None = None) -> T:
        return waiting(self._answer)(dialogue, what, self.url if url is None else url)

    async def _answer(self, dialogue: Dialogue[T], what: str, url: str) -> T:
        """Run a dialogue with a server; the one place where a failed one becomes our error."""
        access = self.access_for(url)
        source = HttpSource(url, timeout=self.timeout, max_body=_MAX_BODY, access=access)
        try:
            return await source.run(dialogue)
        except UnusableAnswerError as error:
            asked = url or "The master"
            raise MonitorError(
                safe_text(f"{asked} gave no usable answer to a request for {what}.")[:400],
                got=str(error),
                expected="a driver's UI, a history server or a standalone master",
                advice=error.advice or "Check that the address is one of these, and check the server's log.",
            ) from error
        finally:
            await source.aclose()


def _checked(fields: Fields) -> MonitorConnection:
    """The parsed connection; its certificate file must be readable."""
    found = MonitorConnection.of(fields)
    if isinstance(found.verify, str):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(found.verify)
        except OSError as error:
            raise ConnectionMissingError(
                f"Airflow connection {fields.conn_id!r} cannot be used: verify is not a certificate file.",
                got=safe_text(f"{found.verify}: {error.strerror or error}")[:300],
                expected="a readable PEM file, true, or false",
                advice="Check the path as workers, triggerer and API server see it.",
            ) from error
    return found


def _missing(conn_id: str, error: AirflowException) -> ConnectionMissingError:
    return not_found(
        conn_id,
        error,
        "a connection of type Spark monitor",
        f"Create it (airflow connections add {conn_id} ...), or set conn_id to another one or to None.",
    )
