"""Processes of a job that is tried out, found by a mark in their environment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "SPARK_GUARD_TEST_MARK"


def marked(mark: str) -> list[proctree.Proc]:
    """Living processes whose environment holds the mark, besides this one."""
    entry = f"{MARK}={mark}".encode()
    found = []
    for proc in proctree.table().values():
        try:
            environment = Path(f"/proc/{proc.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if entry in environment and proc.state != "Z" and proc.pid != os.getpid():
            found.append(proc)
    return found


def seconds_until(condition: Callable[[], object], timeout: float, what: str | Callable[[], str]) -> float:
    """Seconds until the condition holds; AssertionError after the time-out."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > timeout:
            raise AssertionError(f"{what() if callable(what) else what} did not come about in {timeout} s")
        time.sleep(0.1)
    return time.monotonic() - begin


def end_all(mark: str) -> None:
    """Clean up after a trial that failed: only processes that carry its own mark."""
    for proc in marked(mark):
        proctree.send(proc, 9)
