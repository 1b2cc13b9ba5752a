"""The lines of Python at which an application's processes on this host stand."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from airflow_spark_guard.core.stacktraces.python_stack import is_idle_worker
from airflow_spark_guard.core.stacktraces.waiting import place_in
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.autopsy_steps import NotSeenError, by_py_spy
from airflow_spark_guard.process.spark_processes import find_application

if TYPE_CHECKING:
    from airflow_spark_guard.cli.watching.target import WatchTarget
    from airflow_spark_guard.process.proctree import Proc

_MOST_WORKERS: Final = 4
_LONGEST: Final = 200


@dataclass(frozen=True)
class Places:
    """Looks at the processes of one application.

    Args:
        target: the application.
        here: whether its driver's address is one of this host.
    """

    target: WatchTarget
    here: bool

    def look(self) -> tuple[str, ...]:
        """A line for each busy worker, at most four, and for the driver; each is stopped for a moment."""
        if not self.here:
            return ()
        found = find_application(self.target.id, self.target.port)
        lines = [
            _line(f"worker {proc.pid} of executor {executor}", proc, worker=True)
            for proc, executor in found.workers[:_MOST_WORKERS]
        ]
        if found.driver is not None:
            lines.append(_line("driver", found.driver, worker=False))
        return tuple(filter(None, lines))


def _line(who: str, proc: Proc, *, worker: bool) -> str:
    """Empty if it waits for work, or nothing of it can be seen."""
    try:
        threads = by_py_spy(proc)
    except NotSeenError as error:
        return one_line(f"{who}: {error}", _LONGEST)
    place = place_in(threads)
    if not place or (worker and is_idle_worker(threads)):
        return ""
    return one_line(f"{who} is at {place}", _LONGEST)


def is_here(url: str) -> bool:
    """Whether the address is one of this host: a socket can be bound to it."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, 0, type=socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return False
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.bind(address)
        except OSError:
            continue
        return True
    return False
