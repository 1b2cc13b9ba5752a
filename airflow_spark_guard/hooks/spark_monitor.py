"""``SparkMonitorHook``: asks Spark's web servers about applications, whoever runs them."""

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

# A thousand stages with their accumulators; the watchdog's looks are much smaller.
_MAX_BODY = 32 << 20


class SparkMonitorHook(BaseHook):
    """Ask a driver's UI or a history server about Spark applications. Nothing is asked before a method is.

    Args:
        conn_id: a connection of type ``spark_monitor``; None or empty for none: then ``url`` alone is asked,
            without credentials.
        url: the server to ask, such as ``http://host:4040``; empty for the connection's. Credentials go to it
            only if the connection names the same server.

    Raises:
        ConnectionMissingError: by each method: no such connection, or one that cannot be used.
        MonitorError: by each question: no usable answer.
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
        """A hook whose connection is looked up already, for where nothing may block (the triggerer).

        Raises:
            ConnectionMissingError: no such connection, or one that cannot be used.
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
        """The form of Airflow 3.1; newer ones read the provider info."""
        behaviour = MONITOR_CONNECTION["ui-field-behaviour"]
        return {name.replace("-", "_"): value for name, value in behaviour.items()}

    @property
    @AirflowErrors()
    def url(self) -> str:
        """The server that is asked: as given, else the connection's host, driver UI or history server.

        Raises:
            MonitorError: none is named.
        """
        found = (self._given or self._connection.server).rstrip("/")
        if origin(found) is None:
            raise MonitorError(
                "There is no server to ask about Spark applications.",
                got=safe_text(found)[:200],
                expected="the address of a driver's UI or of a history server, such as http://host:18080",
                advice="Give it as url=, or as the host of the connection (conn_id=).",
            )
        return found

    @property
    @AirflowErrors()
    def timeout(self) -> float:
        """Longest silence of a server, seconds."""
        return self._connection.timeout

    @AirflowErrors()
    def target(self, asked: Target | None = None, /, **named: str) -> Target:
        """The application and who can be asked about it, for sensors and triggers.

        Args:
            asked: what the caller knows; what it sets wins over the connection.
            **named: the same by field, such as ``application_id="app-..."``; wins over ``asked``.

        Raises:
            ApplicationError: a value that cannot be used.
        """
        known = asked.to_json() if asked is not None else {}
        return self._connection.target(**{**known, **named})

    @AirflowErrors()
    def access_for(self, url: str) -> Access:
        """The way in to a server: the connection's credentials for the servers that it names, else none."""
        return self._connection.access_for(url)

    def applications(self) -> list[ApplicationRow]:
        """The applications that the server knows, at most 1000; a driver's UI knows its own alone."""
        return self._ask(application_rows.applications(), "its applications")

    def stages(self, application_id: str, status: str = "") -> list[StageRow]:
        """The stages of an application.

        Args:
            application_id: such as ``app-20261121031500-0007``.
            status: only these: ``active``, ``complete``, ``pending``, ``failed`` or ``skipped``.
        """
        return self._ask(application_rows.stages(application_id, status), f"stages of {application_id}")

    def executors(self, application_id: str) -> list[ExecutorRow]:
        """The executors of an application, living ones first; the driver has a row with id «driver»."""
        return self._ask(application_rows.executors(application_id), f"executors of {application_id}")

    def restarts(self, application_id: str) -> list[RestartRow]:
        """The executors that an application has lost, oldest loss first.

        Lost is who was not given back: by dynamic allocation, by a decommission, at the end.
        """
        return self._ask(application_rows.restarts(application_id), f"lost executors of {application_id}")

    def test_connection(self) -> tuple[bool, str]:
        """Ask every server that the connection names; whether all answered, and what they said, by line."""
        try:
            connection = self._connection
            said = [self._tested(url) for url in self._web_servers(connection)]
            if connection.witnesses.get("master") or connection.witnesses.get("master_ui"):
                said.append(self._tested_master(connection))
            if not said:
                return False, "The connection names no server: set its host, or the extras that name one."
        except SparkGuardError as error:
            return False, str(error)
        return all(good for good, _ in said), "\n".join(text for _, text in said)

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
        return True, f"{ui or ', '.join(masters)}: {len(found.workers)} living workers"

    @AirflowErrors()
    def _ask(self, dialogue: Dialogue[T], what: str, url: str | None = None) -> T:
        return waiting(self._answer)(dialogue, what, self.url if url is None else url)

    async def _answer(self, dialogue: Dialogue[T], what: str, url: str) -> T:
        """The one seam where what a server did, or did not, becomes an error of ours."""
        access = self.access_for(url)
        source = HttpSource(url, timeout=self.timeout, max_body=_MAX_BODY, access=access)
        try:
            return await source.run(dialogue)
        except UnusableAnswerError as error:
            asked = url or "The master"
            raise MonitorError(
                safe_text(f"{asked} was asked for {what} and gave no usable answer.")[:400],
                got=str(error),
                expected="a driver's UI, a history server or a standalone master",
                advice=error.advice or "Check that the address is one of these; its log may say more.",
            ) from error
        finally:
            await source.aclose()


def _checked(fields: Fields) -> MonitorConnection:
    """What the connection says, with certificates that are there: no question starts without them."""
    found = MonitorConnection.of(fields)
    if isinstance(found.verify, str):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(found.verify)
        except OSError as error:
            raise ConnectionMissingError(
                f"Airflow connection {fields.conn_id!r} cannot be used: verify is not a certificate file.",
                got=safe_text(f"{found.verify}: {error.strerror or error}")[:300],
                expected="a PEM file that can be read here, or true, or false",
                advice="Check the path as workers, triggerer and API server see it.",
            ) from error
    return found


def _missing(conn_id: str, error: AirflowException) -> ConnectionMissingError:
    return not_found(
        conn_id,
        error,
        "a connection of type Spark monitor",
        f"Create it (airflow connections add {conn_id} ...), or give another conn_id, or None.",
    )
