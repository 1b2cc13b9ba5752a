"""Samples the processes of an attempt on this host: what they have used so far, and where they are.

Without stacks, a sample costs one pass over ``/proc`` and disturbs no process. With stacks, py-spy stops
each Python for some milliseconds, which adds context switches: figures are read first, and what was added is
subtracted from later samples, so that a blocked process does not look busy because we looked at it.

Between two samples with stacks the workers' system calls are watched (``byte_watch.py``) until each has moved
a byte or the time is up. A process can have only one tracer: the watch ends before py-spy runs.
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

from airflow_spark_guard.core.stacktraces.own_threads import own_threads
from airflow_spark_guard.core.stacktraces.python_stack import (
    PythonThread,
    fingerprints,
    is_idle_worker,
    parse_py_spy,
)
from airflow_spark_guard.core.stacktraces.python_task import stage_of
from airflow_spark_guard.core.stacktraces.waiting import hanging_place
from airflow_spark_guard.core.watch.process_sample import IDLE, ProcessSample
from airflow_spark_guard.process import proctree, spark_processes, usage
from airflow_spark_guard.process.byte_watch import ByteWatch
from airflow_spark_guard.process.own_switches import OwnSwitches
from airflow_spark_guard.process.thread_samples import ATTACHED, SWITCHES_A_CALL, ThreadSampler

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.process_sample import Activity, Role
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.proctree import Proc
    from airflow_spark_guard.process.spark_processes import SparkProcesses

_PY_SPY_TIMEOUT = 2.0
_MOST_WORKERS = 16
_AT_ONCE = 4
_MOST_CHILDREN = 64
_LONGEST_DUMP = 8 << 20
# A thread that was stopped goes back to sleep a moment after py-spy has released it.
_SETTLE = 0.05


class _Stack(NamedTuple):
    """The stack of a Python process, with its local variables hashed."""

    stack: str = ""
    locals: str = ""
    place: str = ""
    kind: Activity = ""
    stage: int | None = None


class _Dump(NamedTuple):
    """What py-spy shows of a process, and the ids of its own threads, 0 for one that is not known."""

    stack: _Stack = _Stack()
    own: frozenset[int] = frozenset()


class ProcessSampler:
    """Samples the processes of one attempt repeatedly.

    Between two samples it keeps no stack and no local variable, only what its own stops have added.

    Args:
        tag: the tag of the attempt.
        window: seconds between two samples with stacks that are compared.
    """

    def __init__(self, tag: Tag, window: float = 60.0) -> None:
        self._tag = tag
        self._window = window
        self._bytes = ByteWatch()
        self._switches = OwnSwitches()
        self._threads = ThreadSampler()
        # Watches that saw bytes move, seconds watched, and bytes of background threads.
        self._watched: dict[str, tuple[int, float, int]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Release every process for good; may be called while another thread takes a sample."""
        with self._lock:
            self._closed = True
            self._bytes.stop()

    def pause(self) -> None:
        """Release every process until the next sample; may be called while another thread takes one."""
        self._let_go()

    def look(self, *, stacks: bool) -> tuple[ProcessSample, ...]:
        """All processes of the attempt on this host that may be stuck; idle Python workers are marked.

        Args:
            stacks: whether py-spy is run too, on the driver's Python and up to 16 workers. If py-spy is
                missing or not permitted, ``stack``, ``locals`` and ``place`` stay empty, and an idle worker
                looks like a blocked one.
        """
        if stacks:
            self._let_go()
        found = spark_processes.find(self._tag)
        table = proctree.table()
        pythons: list[tuple[Role, Proc, str]] = [
            ("worker", proc, executor) for proc, executor in found.workers
        ]
        if found.driver is not None:
            pythons.append(("driver", found.driver, ""))
        readings = [self._reading(role, proc, executor, table) for role, proc, executor in pythons]
        if stacks:
            readings = self._with_stacks(readings, [proc for _, proc, _ in pythons], table)
        if found.jvm is not None:
            readings.append(self._reading("jvm", found.jvm, "", table))
        readings += [self._reading("child", proc, "", table) for proc in _children(found, table)]
        return tuple(readings)

    def _with_stacks(
        self, readings: list[ProcessSample], processes: list[Proc], table: dict[int, Proc]
    ) -> list[ProcessSample]:
        before = {_key(proc): usage.switches(proc.pid) for proc in processes}
        threads = {_key(proc): usage.of_threads(proc.pid) for proc in processes[:_MOST_WORKERS]}
        seen = _stacks(processes)
        time.sleep(_SETTLE)
        for proc in processes:
            self._switches.stopped(_key(proc), before[_key(proc)], usage.switches(proc.pid))
        readings = [replace(row, **seen.get(row.key, _Dump()).stack._asdict()) for row in readings]
        busy = {row.key for row in readings if row.role == "worker" and row.kind != IDLE}
        own = {
            key: self._threads.sample(key, threads[key], seen[key].own, usage.below(pid, table))
            for key, pid in ((_key(proc), proc.pid) for proc in processes)
            if key in busy and key in threads
        }
        background = {key: threads[key].keys() - seen[key].own for key, row in own.items() if row is not None}
        # A worker that computes is judged by its CPU: following it would only slow it down.
        asleep = [proc for proc in processes if _key(proc) in busy and usage.is_asleep(proc.pid)]
        with self._lock:
            if not self._closed:
                self._bytes.start(asleep, self._window, background)
        return [replace(row, own=own.get(row.key)) for row in readings]

    def _let_go(self) -> None:
        """End the watch, and add up what it has seen and caused."""
        with self._lock:
            self._bytes.collect()
            last = self._bytes.last
        for key, seen in last.items():
            moved, watched, trickle = self._watched.get(key, (0, 0.0, 0))
            self._watched[key] = (moved + seen.moved, watched + seen.seconds, trickle + seen.trickle)
            self._switches.followed(key, SWITCHES_A_CALL * seen.calls + ATTACHED)
            self._threads.followed(key, seen)

    def _reading(self, role: Role, proc: Proc, executor: str, table: dict[int, Proc]) -> ProcessSample:
        key = _key(proc)
        # The children of a worker count with it: a shell, a pool, a trainer.
        pids = [proc.pid] if role != "worker" else [proc.pid, *usage.below(proc.pid, table)]
        moved, watched, trickle = self._watched.get(key, (0, 0.0, 0))
        return ProcessSample(
            role=role,
            key=key,
            executor=executor,
            cpu=usage.total(map(usage.cpu, pids)),
            switches=self._switches.own(key, usage.total(map(usage.switches, pids))),
            io=usage.total(map(usage.io, pids)),
            delay=usage.total(map(usage.delay, pids)),
            moved=moved,
            watched=round(watched, 1),
            trickle=trickle,
        )


def python_threads(proc: Proc, timeout: float = _PY_SPY_TIMEOUT) -> tuple[PythonThread, ...]:
    """The process's Python threads by py-spy, without local variables.

    Raises:
        PermissionError: py-spy may not inspect it.
        FileNotFoundError: py-spy is not installed.
        TimeoutError: py-spy did not answer in time.
        ProcessLookupError: the process is gone, or runs no Python that py-spy knows.
    """
    return parse_py_spy(_py_spy(proc.pid, (), timeout))


def _children(found: SparkProcesses, table: dict[int, Proc]) -> list[Proc]:
    """What the driver's Python has started, at most 64 processes; nothing that Spark has."""
    if found.driver is None:
        return []
    below = proctree.descendants(found.driver.pid, table)
    spark = {
        proc.pid for proc in (found.jvm, *found.executor_jvms, *(row for row, _ in found.workers)) if proc
    }
    return [proc for proc in below if proc.state != "Z" and proc.pid not in spark][:_MOST_CHILDREN]


def _key(proc: Proc) -> str:
    return f"{proc.pid}:{proc.started}"


def _stacks(processes: list[Proc]) -> dict[str, _Dump]:
    """Stacks by key, of the driver and the first workers: the same processes in every sample."""
    chosen = [*processes[:_MOST_WORKERS], *processes[_MOST_WORKERS:][-1:]]
    if not chosen:
        return {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(map(_key, chosen), pool.map(_stack, chosen), strict=True))


def _stack(proc: Proc) -> _Dump:
    try:
        threads = parse_py_spy(_py_spy(proc.pid, ("--locals", "--locals"), _PY_SPY_TIMEOUT))
    except OSError:
        return _Dump()
    stack, variables = fingerprints(threads)
    idle = is_idle_worker(threads)
    stage = None if idle else stage_of(threads)
    shown = _Stack(stack, variables, hanging_place(threads), IDLE if idle else "", stage)
    # A fork may keep its parent's id, but the main thread has the id of its process.
    return _Dump(shown, frozenset(proc.pid if row.main else row.tid for row in own_threads(threads)))


def _py_spy(pid: int, options: tuple[str, ...], timeout: float) -> bytes:
    program = shutil.which(
        "py-spy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if program is None:
        msg = "py-spy is not installed"
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
