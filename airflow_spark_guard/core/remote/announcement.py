"""What a task publishes about its application: addresses for its links and for sensors. No I/O.

All of it ends up in XCom and in a browser, so an address that contains a login or a query is left out.
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

    from airflow_spark_guard.core.web.snapshot import TaskState

RUNNING: Final = "running"
SUCCESS: Final = "success"
FAILED: Final = "failed"
# A host and a port, or an address. YARN's may contain a variable of Hadoop's configuration: not usable.
HISTORY_KEY: Final = "spark.yarn.historyServer.address"
_LONGEST_URL = 500
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)


def running_application(
    application_id: str, driver_ui: str, *, master: str, master_ui: str | None, history_server: str
) -> Target | None:
    """The application that has started; None if its id is not valid.

    Args:
        application_id: as job or cluster report it; untrusted.
        driver_ui: its web UI, as the job reports it; untrusted, empty if there is none.
        master: Spark's master URL; published only for a standalone master.
        master_ui: the standalone master's web UI, if it is not at the default address.
        history_server: as :func:`history_server` returns it.
    """
    if _ID.fullmatch(application_id) is None:
        return None
    addresses = {
        "driver_ui": web_address(driver_ui),
        "master_ui": web_address(master_ui or ""),
        "history_server": web_address(history_server),
        "master": master if master.startswith("spark://") and "@" not in master else "",
    }
    target = Target(application_id)
    for name, address in addresses.items():
        try:
            target = Target(**{**target.to_json(), name: address})
        except ApplicationError:  # an unusable address is left out
            continue
    return target


def published_ui(url: str, *, is_here: bool, has_launcher: bool, master: str) -> str | None:
    """The address of the driver's UI to publish; None to wait until the job reports it.

    Args:
        url: as this machine reaches it.
        is_here: whether it is valid on this machine only, as in spark-submit's output.
        has_launcher: whether the job will report its address itself.
        master: Spark's master URL; a standalone master publishes the UI's address.
    """
    if not is_here or not has_launcher:
        return url
    return "" if master.startswith("spark://") else None


def history_server(named: str | None, conf: Mapping[str, str]) -> str:
    """The connection's history server, else the configuration's; empty if there is none."""
    address = named or conf.get(HISTORY_KEY, "")
    if "$" in address:
        return ""
    return address if "://" in address or not address else f"http://{address}"


@dataclass(frozen=True)
class Pages:
    """Addresses at which browsers reach Spark's pages; they may differ from those that the task uses.

    Attributes:
        history: base URL of the history server; empty if browsers use the task's address.
        driver_ui: base URL of drivers' web UIs, with ``{port}`` for the driver's port; empty as above.
        has_driver_ui: whether browsers can reach drivers at all.
    """

    history: str = ""
    driver_ui: str = ""
    has_driver_ui: bool = True

    def history_link(self, target: Target) -> str:
        """The application's page on its history server; empty if no history server is known."""
        server = web_address(self.history) or target.history_server
        if not target.history_server or not target.application_id:
            return ""
        return f"{server}/history/{quote(target.application_id, safe='')}/"

    def ended_link(self, target: Target) -> str:
        """The page that replaces the driver's web UI once the application has ended; empty if there is none.

        By then another application may use the driver's port. An address that contains the application's id,
        such as that of YARN's proxy, stays valid.
        """
        if target.application_id and target.application_id in target.driver_ui:
            return self.driver_ui_link(target)
        if history := self.history_link(target):
            return history
        master_ui = web_address(target.master_ui)
        if not master_ui or not target.application_id:
            return ""
        return f"{master_ui}/app/?appId={quote(target.application_id, safe='')}"

    def driver_ui_link(self, target: Target) -> str:
        """The driver's web UI; empty if it is not known or browsers cannot reach it."""
        if not target.driver_ui or not self.has_driver_ui:
            return ""
        port = str(urlsplit(target.driver_ui).port or "")
        return web_address(self.driver_ui.replace("{port}", port)) or target.driver_ui


def record_link(base: str, root: Path, folder: Path) -> str:
    """The URL of a record folder; empty if ``base`` is not an address that may be shown."""
    address = web_address(base)
    if not address:
        return ""
    # Quoted once more: the name of a folder may contain %.
    return "/".join([address, *(quote(part, safe="") for part in folder.relative_to(root).parts), ""])


def web_address(url: str) -> str:
    """The http or https address without a trailing slash; empty if it must not be shown to everybody."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    plain = url.isprintable() and not set(url) & set("@?#\\ ") and len(url) <= _LONGEST_URL
    return url.rstrip("/") if usable and plain and safe_text(url) == url else ""


def announced(target: Target, task: TaskState, earlier: tuple[str, ...] = ()) -> dict[str, Any]:
    """The value of the XCom: the application, the addresses at which to ask about it, and the task's state.

    Args:
        target: the application that runs now, or ran last.
        task: the task's state.
        earlier: ids of the applications that this try ran before.
    """
    before = {"earlier": list(earlier)} if earlier else {}
    return {**target.to_json(), "task": task, **before}
