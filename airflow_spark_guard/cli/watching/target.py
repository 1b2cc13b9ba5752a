"""The application to watch: its driver's web UI and its id."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.errors import ApplicationError, MonitorError
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.web import application_rows
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.blocking import Blocking
from airflow_spark_guard.sources.find_application import find
from airflow_spark_guard.sources.http import HttpSource
from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.web.application_rows import ApplicationRow

# Ports that Spark tries for the UIs of drivers on one host (spark.ui.port, spark.port.maxRetries).
LOCAL_PORTS: Final = range(4040, 4057)
_SILENCE: Final = 15.0
# A closed port refuses at once; a driver needs seconds for its first answer.
_SILENCE_HERE: Final = 5.0
_MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class WatchTarget:
    """A running application.

    Attributes:
        url: its driver's web UI.
        id: Spark's.
        name: of the application; untrusted.
    """

    url: str
    id: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether the master is ``local[n]``, where the driver is its own executor."""
        return self.id.startswith("local-")

    @property
    def port(self) -> int:
        """Of the web UI."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)


def find_target(named: str, master: str = "", master_ui: str = "") -> WatchTarget:
    """The running application of this address, id or name.

    Args:
        named: the URL of its driver's UI, its id or its name.
        master: a standalone master that knows where the driver is; empty to look on this host.
        master_ui: the master's web UI; empty for port 8080.

    Raises:
        ApplicationError: it does not run, or several have the name.
        MonitorError: the address gives no usable answer.
    """
    if _is_address(named):
        return _at(named if "://" in named else f"http://{named}")
    if master or master_ui:
        return _by_master(named, master, master_ui)
    return _on_this_host(named)


def _is_address(named: str) -> bool:
    host, _, port = named.partition("/")[0].rpartition(":")
    return "://" in named or bool(host and port.isdecimal())


def _at(url: str) -> WatchTarget:
    Target(name="x", driver_ui=url)  # checks the address
    try:
        rows = _applications(url, _SILENCE)
    except UnusableAnswerError as error:
        raise MonitorError(
            "The driver's web UI gives no usable answer.",
            got=one_line(f"{url}: {error}", 500),
            expected="the UI of a running Spark application, such as http://host:4040",
            advice=error.advice or "Check the address, and that the application runs.",
        ) from error
    running = [row for row in rows if not row["completed"]]
    if len(running) != 1:
        raise ApplicationError(
            "This address does not belong to one running application.",
            got=f"{url} lists {len(running)} that run, {len(rows)} in all",
            expected="the UI of a driver, which lists only its own application",
            advice="Pass the address of the driver's UI. A history server shows what has ended.",
        )
    return WatchTarget(url, running[0]["id"], running[0]["name"])


def _by_master(named: str, master: str, master_ui: str) -> WatchTarget:
    target = Target(name=named, master=master, master_ui=master_ui)
    snapshot = find(target, since=EpochTime(0.0))
    application_id = snapshot.application_id or named
    with closing(MasterSource(AsyncMasterSource(master, master_ui or None, timeout=_SILENCE))) as source:
        try:
            url = source.page(application_id).driver_ui
        except UnusableAnswerError as error:
            raise MonitorError(
                "The master gives no usable answer about the application.",
                got=one_line(str(error), 500),
                expected="a master that knows a running application of this id or name",
                advice=error.advice or "Check --master, and the id or name.",
            ) from error
    if not url:
        raise ApplicationError(
            "The master knows no running application of this id or name.",
            got=one_line(repr(named), 200),
            expected="an application that runs",
            advice="Check the master's web page.",
        )
    return _at(url)


def _on_this_host(named: str) -> WatchTarget:
    seen: list[WatchTarget] = []
    for port in LOCAL_PORTS:
        url = f"http://127.0.0.1:{port}"
        try:
            rows = _applications(url, _SILENCE_HERE)
        except UnusableAnswerError:
            continue
        seen += [WatchTarget(url, row["id"], row["name"]) for row in rows if not row["completed"]]
    found = [one for one in seen if named in (one.id, one.name)]
    if len(found) == 1:
        return found[0]
    raise ApplicationError(
        "No running application on this host has this id or name."
        if not found
        else "Several running applications on this host have this name.",
        got=one_line(f"{named!r}; {_listed(found or seen)}", 1000),
        expected="one",
        advice="Pass its id, the URL of its driver's UI, or --master for one on another host.",
    )


def _listed(found: Iterable[WatchTarget]) -> str:
    shown = [f"{one.id} ({one.name}) at {one.url}" for one in found]
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return f"there run {', '.join(shown[:_MOST_SHOWN])}{more}" if shown else "none runs here"


def _applications(url: str, silence: float) -> list[ApplicationRow]:
    with closing(Blocking(HttpSource(url, timeout=silence))) as web:
        return web.run(web.source.run(application_rows.applications()))
