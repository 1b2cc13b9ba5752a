"""Looks at the processes of an attempt on this host: what they used so far, and where they stand.

Without stacks, a look costs one pass over ``/proc`` and disturbs nobody. With stacks, py-spy stops each
Python for some milliseconds. That moves its context switches: figures are read before it, and what it added
is taken off at later looks, since a blocked process must not look busy because we looked at it.

Between two looks with stacks the workers' system calls are watched (``byte_watch.py``), until each has moved
a byte or the time is over. A process has one tracer only: the watch ends before py-spy is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.stacktraces.python_stack import (
    PythonThread,
    fingerprints,
    is_idle_worker,
    parse_py_spy,
)
from airflow_spark_guard.core.stacktraces.python_task import stage_of
from airflow_spark_guard.core.stacktraces.waiting import place_in
from airflow_spark_guard.core.watch.observation import Reading
from airflow_spark_guard.process import proctree, spark_processes, usage
from airflow_spark_guard.process.byte_watch import ByteWatch

if TYPE_CHECKING:
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.proctree import Proc

_PY_SPY_TIMEOUT = 2.0
_MOST_WORKERS = 16
_AT_ONCE = 4
_LONGEST_DUMP = 8 << 20
# A thread that was stopped goes back to sleep a moment after py-spy has let go of it.
_SETTLE = 0.05
# What following a system call adds to a process's switches, and being attached to.
_SWITCHES_A_CALL, _ATTACHED = 2, 4


class _Stack(NamedTuple):
    """A Python process's stack, local variables already hashed."""

    stack: str = ""
    locals: str = ""
    place: str = ""
    kind: str = ""
    stage: int | None = None


class Looker:
    """Looks at one attempt again and again.

    Between two looks it keeps no stack and no local variable, only how often py-spy stopped which process.

    Args:
        tag: the attempt's.
        window: seconds between two looks with stacks that are compared.
    """

    def __init__(self, tag: Tag, window: float = 60.0) -> None:
        self._tag = tag
        self._window = window
        self._bytes = ByteWatch()
        # What our own stops added to a process's switches, by its key.
        self._ours: dict[str, int] = {}
        self._last: dict[str, int] = {}  # its own switches at the last look
        self._followed: dict[str, int] = {}  # switches that the byte watch has added since then
        self._watched: dict[str, tuple[int, float]] = {}  # bytes moved how often, in how many seconds
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Let go of every process, for good; may be called while another thread looks."""
        with self._lock:
            self._closed = True
            self._bytes.stop()

    def pause(self) -> None:
        """Let go of every process until the next look; may be called while another thread looks."""
        self._let_go()

    def look(self, *, stacks: bool) -> tuple[Reading, ...]:
        """All processes of the attempt on this host that may be stuck; an idle Python worker says so.

        Args:
            stacks: whether py-spy is asked too, for the driver's Python and up to 16 workers. Without py-spy,
                or where it is not allowed, ``stack``, ``locals`` and ``place`` stay empty, and an idle worker
                cannot be told from a blocked one.
        """
        if stacks:
            self._let_go()
        found = spark_processes.find(self._tag)
        table = proctree.table()
        pythons = [("worker", proc, executor) for proc, executor in found.workers]
        if found.driver is not None:
            pythons.append(("driver", found.driver, ""))
        readings = [self._reading(role, proc, executor, table) for role, proc, executor in pythons]
        if stacks:
            readings = self._with_stacks(readings, [proc for _, proc, _ in pythons])
        if found.jvm is not None:
            readings.append(self._reading("jvm", found.jvm, "", table))
        return tuple(readings)

    def _with_stacks(self, readings: list[Reading], processes: list[Proc]) -> list[Reading]:
        before = {_key(proc): usage.switches(proc.pid) for proc in processes}
        seen = _stacks(processes)
        time.sleep(_SETTLE)
        for proc in processes:
            self._subtract(_key(proc), before[_key(proc)], usage.switches(proc.pid))
        readings = [replace(row, **seen.get(row.key, _Stack())._asdict()) for row in readings]
        busy = {row.key for row in readings if row.role == "worker" and row.kind != "idle"}
        # One that computes moves on or spins by its CPU: following it would only slow it.
        asleep = [proc for proc in processes if _key(proc) in busy and usage.is_asleep(proc.pid)]
        with self._lock:
            if not self._closed:
                self._bytes.start(asleep, self._window)
        return readings

    def _subtract(self, key: str, before: int | None, after: int | None) -> None:
        """Remember what the dump that was just taken has added."""
        if before is not None and after is not None:
            self._ours[key] = self._ours.get(key, 0) + after - before

    def _let_go(self) -> None:
        """End the watch, and count what it has seen and added."""
        with self._lock:
            self._bytes.collect()
            last = self._bytes.last
        for key, seen in last.items():
            moved, watched = self._watched.get(key, (0, 0.0))
            self._watched[key] = (moved + seen.moved, watched + seen.seconds)
            self._followed[key] = self._followed.get(key, 0) + _SWITCHES_A_CALL * seen.calls + _ATTACHED

    def executors_here(self) -> frozenset[str]:
        """Ids of the executors on this host; ``driver`` where the driver's JVM has Python workers."""
        return spark_processes.find(self._tag).executors

    def _reading(self, role: str, proc: Proc, executor: str, table: dict[int, Proc]) -> Reading:
        key = _key(proc)
        # What a worker has started works for it: a shell, a pool, a trainer.
        pids = [proc.pid] if role != "worker" else [proc.pid, *usage.below(proc.pid, table)]
        moved, watched = self._watched.get(key, (0, 0.0))
        return Reading(
            role=role,
            key=key,
            executor=executor,
            cpu=usage.total(map(usage.cpu, pids)),
            switches=self._own_switches(key, usage.total(map(usage.switches, pids))),
            io=usage.total(map(usage.io, pids)),
            delay=usage.total(map(usage.delay, pids)),
            moved=moved,
            watched=round(watched, 1),
        )

    def _own_switches(self, key: str, raw: int | None) -> int | None:
        """Without those that our stops have added; what is left never goes back."""
        if raw is None:
            return None
        raw -= self._ours.get(key, 0)
        own = max(raw - self._followed.pop(key, 0), self._last.get(key, 0))
        self._ours[key] = self._ours.get(key, 0) + raw - own
        self._last[key] = own
        return own


def python_threads(proc: Proc, timeout: float = _PY_SPY_TIMEOUT) -> tuple[PythonThread, ...]:
    """The process's Python threads by py-spy, without local variables.

    Raises:
        PermissionError: py-spy may not look at it.
        FileNotFoundError: there is no py-spy.
        TimeoutError: it did not answer in time.
        ProcessLookupError: it saw nothing: the process is gone, or no Python that it knows.
    """
    return parse_py_spy(_py_spy(proc.pid, (), timeout))


def _key(proc: Proc) -> str:
    return f"{proc.pid}:{proc.started}"


def _stacks(processes: list[Proc]) -> dict[str, _Stack]:
    """Stacks by key, of the driver and the first workers: the same ones at every look."""
    chosen = [*processes[:_MOST_WORKERS], *processes[_MOST_WORKERS:][-1:]]
    if not chosen:
        return {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(map(_key, chosen), pool.map(_stack, chosen), strict=True))


def _stack(proc: Proc) -> _Stack:
    try:
        threads = parse_py_spy(_py_spy(proc.pid, ("--locals", "--locals"), _PY_SPY_TIMEOUT))
    except OSError:
        return _Stack()
    stack, variables = fingerprints(threads)
    idle = is_idle_worker(threads)
    return _Stack(
        stack, variables, place_in(threads), "idle" if idle else "", None if idle else stage_of(threads)
    )


def _py_spy(pid: int, options: tuple[str, ...], timeout: float) -> bytes:
    program = shutil.which(
        "py-spy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if program is None:
        msg = "no py-spy here"
        raise FileNotFoundError(msg)
    try:
        done = subprocess.run(
            [program, "dump", "--json", *options, "--pid", str(pid)],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    if done.returncode == 0:
        return done.stdout[:_LONGEST_DUMP]
    if b"ermission" in done.stderr or b"not permitted" in done.stderr:
        msg = "no permission"
        raise PermissionError(msg)
    raise ProcessLookupError
