"""Processes of a test, found by a mark in their environment."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from airflow_spark_guard.process import proctree

MARK = "SPARK_GUARD_TEST_MARK"
ROOT = Path(__file__).parent.parent.parent


def python_main(module: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment that run ``main(sys.argv[1:])`` of a module, measured where we are measured."""
    code = f"from {module} import main; sys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    if config := os.environ.get("SPARK_GUARD_TEST_COVERAGE"):
        env["COVERAGE_PROCESS_START"] = config
        code = f"import coverage; coverage.process_startup(); {code}"
    return [sys.executable, "-c", f"import sys; {code}"], env


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


def seconds_until(condition, timeout: float, what) -> float:
    """Seconds until the condition holds; AssertionError after the time-out."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > timeout:
            raise AssertionError(f"{what() if callable(what) else what} did not come about in {timeout} s")
        time.sleep(0.1)
    return time.monotonic() - begin


def end_all(mark: str) -> None:
    """Clean up after a test that failed: only processes that carry its own mark."""
    for proc in marked(mark):
        proctree.send(proc, 9)
