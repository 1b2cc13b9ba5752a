"""Watches whether processes move bytes: a loop that polls a service does, one that only sleeps does not.

How: ``syscall_trace.py``; why: decision 0019.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from airflow_spark_guard.core.watch.background import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

_SCRIPT = (sys.executable, "-I", "-S", str(Path(__file__).with_name("syscall_trace.py")))
_MOST = 16
_PATIENCE = 3.0
# Starting the script and attaching to the processes takes part of the requested time.
_ENOUGH = 0.8
_MOVED = "moved"
_ANSWERS = {_MOVED: True, "still": False}


class Process(Protocol):
    """Identifies a process; ``process.proctree.Proc`` is one."""

    @property
    def pid(self) -> int:
        """Its pid."""

    @property
    def started(self) -> int:
        """Its start time, in clock ticks since boot."""


class Watched(NamedTuple):
    """What was seen of one process.

    Attributes:
        moved: whether it moved a byte; it was released then.
        seconds: how long it was watched.
        calls: the system calls that were followed. Following one adds two context switches to it.
        own_calls: those that no background thread has made.
        trickle: bytes that background threads have moved.
    """

    moved: bool
    seconds: float
    calls: int
    own_calls: int = 0
    trickle: int = 0


class ByteWatch:
    """Watches up to 16 processes at a time, from a process of its own.

    A process can have only one tracer: while it is watched, py-spy and debuggers are refused. Call
    ``collect()`` or ``stop()`` before running py-spy; it may attach as soon as they have returned.

    An abandoned watch ends when its time is up; if this process dies, within half a second.

    Attributes:
        last: results of the last ``collect()``, by ``"pid:started"``, of processes that could be watched.
    """

    def __init__(self) -> None:
        self.last: dict[str, Watched] = {}
        self._script: subprocess.Popen[bytes] | None = None
        self._keys: tuple[str, ...] = ()
        self._seconds = 0.0

    def start(
        self,
        processes: Sequence[Process],
        seconds: float,
        background: Mapping[str, Collection[int]] = MappingProxyType({}),
    ) -> None:
        """Start watching; an earlier watch ends.

        Args:
            processes: those beyond the 16th are not watched, and their answer is None.
            seconds: the longest time to watch; must exceed the pause between two polls of a loop.
            background: by ``"pid:started"``, ids of threads that count as moving only from 4 KiB a second on.
        """
        self.stop()
        self._keys = tuple(f"{process.pid}:{process.started}" for process in processes)
        self._seconds = seconds
        if not self._keys:
            return
        # Its environment gets neither the job's secrets nor the tag that marks an attempt's processes.
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        watched = [_argument(key, seconds, background) for key in self._keys[:_MOST]]
        with contextlib.suppress(OSError):  # no memory, no processes: nothing is watched
            self._script = subprocess.Popen(
                [*_SCRIPT, str(seconds), *watched],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True, cwd="/", env=environment,
            )  # fmt: skip

    def collect(self) -> Mapping[str, bool | None]:
        """End the watch, early if its time is not up yet, and return the answers by ``"pid:started"``.

        Returns:
            For every process passed to ``start()``: True, it moved bytes; False, it was watched for at least
            80 % of the requested time and moved none; None, unknown (no permission, gone, unsupported
            machine, too busy, watched too briefly). Empty if nothing is being watched.
        """
        keys, seconds, output = self._keys, self._seconds, self._end()
        self._keys = ()
        rows = list(_rows(output.splitlines()))
        found = {row["key"]: _answer(row, seconds * _ENOUGH) for row in rows}
        self.last = {
            row["key"]: Watched(
                row["answer"] == _MOVED, row["seconds"], row["calls"], row["own_calls"], row["trickle"]
            )
            for row in rows
            if row["answer"] in _ANSWERS
        }
        return {**dict.fromkeys(keys), **found}

    def stop(self) -> None:
        """End the watch; no process is traced any more when this returns."""
        self.collect()

    def _end(self) -> bytes:
        """End the script, wait for it and its forks, and return what it wrote."""
        script, self._script = self._script, None
        if script is None:
            return b""
        script.terminate()
        try:
            return script.communicate(timeout=_PATIENCE)[0]
        except subprocess.TimeoutExpired:
            pass
        # Not waited for yet: the group's number cannot have been reused.
        with contextlib.suppress(OSError):
            os.killpg(script.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            script.communicate(timeout=_PATIENCE)
        end = time.monotonic() + _PATIENCE
        while _is_group(script.pid) and time.monotonic() < end:
            time.sleep(0.01)
        return b""


def _argument(key: str, seconds: float, background: Mapping[str, Collection[int]]) -> str:
    threads = background.get(key)
    return f"{key}:{int(MOST_BYTES * seconds)}:{','.join(map(str, threads))}" if threads else key


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The complete rows that the script wrote."""
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            yield {
                "key": str(row["key"]),
                "answer": str(row["answer"]),
                "seconds": float(row["seconds"]),
                "calls": int(row["calls"]),
                "own_calls": int(row["own_calls"]),
                "trickle": int(row["trickle"]),
            }


def _answer(row: dict[str, Any], enough: float) -> bool | None:
    answer = _ANSWERS.get(row["answer"])
    return None if answer is False and row["seconds"] < enough else answer


def _is_group(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except OSError:
        return False
    return True
