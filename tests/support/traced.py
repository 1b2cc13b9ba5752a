"""Children that are watched: what they do is a piece of Python, and they say when they begin."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from airflow_spark_guard.process import proctree

DEADLINE = 60
_HEAD = "import os, socket, sys, threading, time\n"


class Child:
    """A Python that runs ``setup``, says so, and goes on with ``work``."""

    def __init__(self, work: str, setup: str = "", **options) -> None:
        code = f"{_HEAD}{setup}\nprint('ready', flush=True)\n{work}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options,
        )  # fmt: skip
        self.pid = self.process.pid
        assert self.said() == "ready"
        self.started = proctree.read(self.pid).started
        self.key = f"{self.pid}:{self.started}"

    def said(self) -> str:
        return self.process.stdout.readline().strip()

    def status(self, field: str) -> str:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))

    def is_traced(self) -> bool:
        return self.status("TracerPid") != "0"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def until(condition) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.02)


class Counter:
    """A number that a child raises in shared memory: no system call shows it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_bytes(bytes(8))
        self.setup = (
            f"import mmap, struct\nfile = open({str(path)!r}, 'r+b')\nmemory = mmap.mmap(file.fileno(), 8)\n"
            "def count():\n"
            "    struct.pack_into('q', memory, 0, struct.unpack_from('q', memory)[0] + 1)\n"
        )

    def read(self) -> int:
        return int.from_bytes(self._path.read_bytes(), sys.byteorder)

    def goes_on(self) -> None:
        """Wait until it has been raised three times more."""
        goal = self.read() + 3
        until(lambda: self.read() >= goal)


def is_watching(watch) -> bool:
    """Whether some process is still being watched."""
    return watch._script is not None and watch._script.poll() is None
