"""What a task tells of the application that it runs: addresses for its links, and for who watches it. No I/O.

Everything here ends in XCom and in a browser, so an address with a login or a query in it is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUNNING, SUCCESS, FAILED = "running", "success", "failed"
# A host and a port, or an address; YARN's own can hold a variable of Hadoop's configuration, which is none.
HISTORY_KEY: Final = "spark.yarn.historyServer.address"
_LONGEST_URL = 500
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)


def running_application(
    application_id: str, driver_ui: str, *, master: str, master_ui: str | None, history_server: str
) -> Target | None:
    """The application that has started; None where its id is none.

    Args:
        application_id: as job or cluster name it; untrusted.
        driver_ui: its web UI, as the job names it; untrusted, empty where there is none.
        master: Spark's master URL; told only of a standalone one.
        master_ui: the standalone master's web UI, where it is not the usual one.
        history_server: as :func:`history_server` gives it.
    """
    if _ID.fullmatch(application_id) is None:
        return None
    addresses = {
        "driver_ui": web_address(driver_ui),
        "master_ui": web_address(master_ui or ""),
        "history_server": web_address(history_server),
        "master": master if master.startswith("spark://") and "@" not in master else "",
    }
    told = Target(application_id)
    for name, address in addresses.items():
        try:
            told = Target(**{**told.to_json(), name: address})
        except ApplicationError:  # what cannot be used is not told
            continue
    return told


def told_ui(url: str, *, is_here: bool, speaks: bool, master: str) -> str | None:
    """The address of the driver's UI that others may be told; None: wait for the job's own word.

    Args:
        url: as this machine reaches it.
        is_here: whether it is an address of this machine alone, as spark-submit's output has it.
        speaks: whether the job will name its address itself.
        master: Spark's master URL; a standalone one tells where the UI is.
    """
    if not is_here or not speaks:
        return url
    return "" if master.startswith("spark://") else None


def history_server(named: str | None, conf: Mapping[str, str]) -> str:
    """The history server that the connection names, else the one of the configuration; empty for none."""
    found = named or conf.get(HISTORY_KEY, "")
    if "$" in found:
        return ""
    return found if "://" in found or not found else f"http://{found}"


@dataclass(frozen=True)
class Pages:
    """Where browsers reach Spark's pages, which may be elsewhere than where the task reaches them.

    Attributes:
        history: base URL of the history server; empty where browsers use the address that the task uses.
        driver_ui: base URL of drivers' web UIs, ``{port}`` in it standing for the driver's; empty as above.
        has_driver_ui: whether browsers reach drivers at all.
    """

    history: str = ""
    driver_ui: str = ""
    has_driver_ui: bool = True

    def history_link(self, told: Target) -> str:
        """The application's page at its history server; empty where none is known."""
        server = web_address(self.history) or told.history_server
        if not told.history_server or not told.application_id:
            return ""
        return f"{server}/history/{quote(told.application_id, safe='')}/"

    def ended_link(self, told: Target) -> str:
        """Where the driver's web UI led to, once the application is over; empty where nobody keeps its page.

        The driver's port may be another application's by then. An address with the application's id in it, as
        YARN's proxy has, stays its own.
        """
        if told.application_id and told.application_id in told.driver_ui:
            return self.driver_ui_link(told)
        if history := self.history_link(told):
            return history
        master_ui = web_address(told.master_ui)
        if not master_ui or not told.application_id:
            return ""
        return f"{master_ui}/app/?appId={quote(told.application_id, safe='')}"

    def driver_ui_link(self, told: Target) -> str:
        """The driver's web UI; empty where it is not known, or out of browsers' reach."""
        if not told.driver_ui or not self.has_driver_ui:
            return ""
        port = str(urlsplit(told.driver_ui).port or "")
        return web_address(self.driver_ui.replace("{port}", port)) or told.driver_ui


def record_link(base: str, root: Path, folder: Path) -> str:
    """Where a folder of records is served; empty where ``base`` is no address that may be shown."""
    address = web_address(base)
    if not address:
        return ""
    # Quoted once more: a name of a folder may hold %.
    return "/".join([address, *(quote(part, safe="") for part in folder.relative_to(root).parts), ""])


def web_address(url: str) -> str:
    """An http or https address that may be shown to everybody, without a slash at its end; else empty."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    plain = url.isprintable() and not set(url) & set("@?#\\ ") and len(url) <= _LONGEST_URL
    return url.rstrip("/") if usable and plain and safe_text(url) == url else ""


def announced(told: Target, task: str, earlier: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the XCom says: the application, what is known of its witnesses, and how the task stands.

    Args:
        told: the application that runs now, or ran last.
        task: ``running``, ``success`` or ``failed``.
        earlier: ids of those that the same try has run before it.
    """
    before = {"earlier": list(earlier)} if earlier else {}
    return {**told.to_json(), "task": task, **before}
