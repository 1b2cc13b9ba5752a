"""An application's page on a standalone master: information that only its HTML has."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.core.web import answer as read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DETAIL_UI = re.compile(rb"""<a href="([^"]{1,2000})"[^>]{0,300}>\s*Application Detail UI\s*</a>""")
_ROW = re.compile(
    rb"\s*<td>\s*([0-9]{1,9})\s*</td>\s*<td>\s*<a [^>]{0,2000}>(worker-[^<]{1,300})</a>(.{0,4000})\Z",
    re.DOTALL,
)
_STATE = re.compile(rb"<td>\s*(EXITED|FAILED|LOST)\s*</td>")
_RUNNING = re.compile(rb"<td>\s*(?:LAUNCHING|RUNNING)\s*</td>")
_STDERR = re.compile(rb"""<a href="([^"]{1,2000})"[^>]{0,300}>\s*stderr\s*</a>""")
_MOST = 1000


@dataclass(frozen=True)
class ApplicationPage:
    """The contents of the page.

    Attributes:
        driver_ui: URL of the application's own web UI; empty if the page has none.
        ended: executors that ended without an order of the master, the newest 1000.
        running: ids of executors that have not ended, registered with the driver or not.
        unended: the executors in ``running`` with hosts and log pages, the newest 1000.
    """

    driver_ui: str = ""
    ended: tuple[Executor, ...] = ()
    running: frozenset[str] = frozenset()
    unended: tuple[Executor, ...] = ()


def read_page(body: bytes) -> ApplicationPage:
    """Parse the page; the result is empty for any other page."""
    found = _DETAIL_UI.search(body)
    url = html.unescape(found[1].decode(errors="replace")) if found else ""
    rows = list(_rows(body))
    ended = _sorted(
        _executor(row, f"{state[1].decode()} according to the master; the driver has no record of it")
        for row in rows
        if (state := _STATE.search(row[3])) is not None
    )
    unended = _sorted(_executor(row, "") for row in rows if _RUNNING.search(row[3]) is not None)
    return ApplicationPage(
        read.web_url({"": url}, "").rstrip("/"),
        ended[-_MOST:],
        frozenset(executor.id for executor in unended),
        unended[-_MOST:],
    )


def _rows(body: bytes) -> Iterator[re.Match[bytes]]:
    """The rows of its tables of executors. Split first: searching a hostile page would take minutes."""
    for part in body.split(b"<tr>")[1:]:
        row, end, _ = part.partition(b"</tr>")
        if end and (found := _ROW.match(row)) is not None:
            yield found


def _sorted(executors: Iterable[Executor]) -> tuple[Executor, ...]:
    return tuple(sorted(executors, key=lambda executor: int(executor.id)))


def _executor(row: re.Match[bytes], reason: str) -> Executor:
    # worker-<time>-<host>-<port>
    host = row[2].decode(errors="replace").split("-", 2)[-1].rpartition("-")[0]
    link = _STDERR.search(row[3])
    url = html.unescape(link[1].decode(errors="replace")) if link is not None else ""
    return Executor(
        id=str(int(row[1])),
        active=not reason,
        reason=reason,
        host=safe_text(host)[:300],
        stderr_url=read.web_url({"": url}, ""),
    )
