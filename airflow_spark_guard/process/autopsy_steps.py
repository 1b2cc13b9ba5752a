"""The steps of an autopsy: each inspects one thing in the first way that works, with its own time-out."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from airflow_spark_guard.core.stacktraces.diagnostics import Jvm
from airflow_spark_guard.core.stacktraces.jvm_dump import parse_dump
from airflow_spark_guard.core.stacktraces.python_dump import parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import PythonProcess
from airflow_spark_guard.core.stacktraces.waiting import OTHERS, hanging_thread, wait_of
from airflow_spark_guard.process import proctree, spark_processes
from airflow_spark_guard.process.close_inspection import pythons_below, with_naps
from airflow_spark_guard.process.process_samples import python_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spark_guard.core.failure.executor_log import DeadLog
    from airflow_spark_guard.core.stacktraces.python_stack import PythonThread
    from airflow_spark_guard.core.watch.finding import Suspect
    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.core.web.spark_rest import JavaThread
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.spark_processes import SparkProcesses

_MOST_EXECUTORS = 3
_TAIL = 64 * 1024
_LONGEST_STACKS = 256 * 1024
# faulthandler answers within 30 ms, a JVM within a second.
_SIGNAL_PATIENCE = 2.0
_QUIET = 0.1
_TICK = 0.02


class Threads(Protocol):
    """The part of the driver's REST API that is needed here (``sources/rest.py``)."""

    def threads(self, executor_id: str) -> Sequence[JavaThread]:
        """The threads of an executor's JVM, or of the driver's (``driver``); may raise."""


@dataclass(frozen=True)
class AutopsyInput:
    """Where to look.

    Attributes:
        tag: the tag of the attempt.
        suspect: the finding's suspect.
        stacks: the file that the launcher's faulthandler writes to.
        driver_pid: from the hello message; None if none came. It is not trusted, only compared.
        rest: the driver's REST API; None if it has none.
        tail: the last bytes of an executor's log page, by URL and length; None if log pages cannot be read.
        jvm_dump: the thread dumps that the driver's JVM has printed so far; another thread reads the output.
            None: SIGQUIT is not sent.
        executors: all that the driver last knew, living and dead.
        others: asks the cluster manager for executors that the driver may not know; None if it cannot be
            asked.
        stages: ids of the stages in question; None if the running stages are not known.
        stuck: keys of the readings of processes that are known to stand still.
        output: the end of spark-submit's output, where the workers of ``local[n]`` dump their stacks.
    """

    tag: Tag
    suspect: Suspect
    stacks: Path
    driver_pid: int | None = None
    rest: Threads | None = None
    tail: Callable[[str, int], str] | None = None
    jvm_dump: Callable[[], str] | None = None
    executors: tuple[Executor, ...] = ()
    others: Callable[[], Sequence[Executor]] | None = None
    stages: tuple[int, ...] | None = None
    stuck: frozenset[str] = frozenset()
    output: Callable[[], str] | None = None


@dataclass
class PartialDiagnostics:
    """The result of one or more steps: a partial :class:`Diagnostics`."""

    driver: PythonProcess | None = None
    children: list[PythonProcess] = field(default_factory=list)
    workers: list[PythonProcess] = field(default_factory=list)
    jvms: list[Jvm] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    dead: list[DeadLog] = field(default_factory=list)

    def add(self, other: PartialDiagnostics) -> None:
        """Add the result of another step."""
        self.driver = self.driver or other.driver
        self.children += other.children
        self.workers += other.workers
        self.jvms += other.jvms
        self.unseen += other.unseen
        self.dead += other.dead


class NotSeenError(Exception):
    """What could not be inspected, and why, in one line."""


def asked(autopsy_input: AutopsyInput) -> list[str]:
    """Ids of the executors whose JVM and log are read: at most 3, those with tasks first."""
    living = [row for row in autopsy_input.executors if row.active and row.id != spark_processes.DRIVER]
    living.sort(key=lambda row: -row.active_tasks)
    return [row.id for row in living[:_MOST_EXECUTORS]]


def jvm_name(executor: str) -> str:
    """The name of the step for this executor's JVM."""
    return "driver's JVM" if executor == spark_processes.DRIVER else f"JVM of executor {executor[:64]}"


def jvm(autopsy_input: AutopsyInput, executor: str) -> PartialDiagnostics:
    """The threads of a JVM by the REST API, which classifies and names them.

    Raises:
        NotSeenError: there is no such API, or it listed no threads.
    """
    if autopsy_input.rest is None:
        raise NotSeenError("the driver has no Spark UI")
    threads = tuple(autopsy_input.rest.threads(executor))
    if not threads:
        raise NotSeenError("the Spark UI listed no threads")
    return PartialDiagnostics(jvms=[Jvm(executor, threads)])


def driver_jvm_by_signal(autopsy_input: AutopsyInput, processes: SparkProcesses) -> PartialDiagnostics:
    """The threads of the driver's JVM by SIGQUIT, which needs no HTTP and no free thread.

    Raises:
        NotSeenError: it runs elsewhere, is gone, or did not answer.
    """
    if autopsy_input.jvm_dump is None or processes.jvm is None:
        raise NotSeenError("not readable (it does not run on this host)")
    size = len(autopsy_input.jvm_dump())
    if not proctree.send(processes.jvm, signal.SIGQUIT):
        raise NotSeenError("the process is gone")
    text = _awaited(
        lambda: autopsy_input.jvm_dump()[size:] if autopsy_input.jvm_dump else "", quiet=5 * _QUIET
    )
    threads = tuple(parse_dump(text))
    if not threads:
        raise NotSeenError("it printed no thread dump")
    return PartialDiagnostics(jvms=[Jvm(spark_processes.DRIVER, threads)])


def driver_python(autopsy_input: AutopsyInput, processes: SparkProcesses) -> PartialDiagnostics:
    """The driver's Python by our faulthandler, which needs no GIL; else by py-spy.

    Raises:
        NotSeenError: it runs elsewhere, or neither way works.
    """
    proc = processes.driver
    if proc is None:
        raise NotSeenError("not found on this host")
    threads: tuple[PythonThread, ...] = ()
    if autopsy_input.driver_pid in (None, proc.pid) and _handles_usr1(proc):
        size = _size(autopsy_input.stacks)
        if proctree.send(proc, signal.SIGUSR1):
            dumps = parse_dumps(_awaited(lambda: _text_from(autopsy_input.stacks, size), quiet=_QUIET))
            threads = dumps[-1].threads if dumps else ()
    if not threads:
        threads = by_py_spy(proc)
    threads = with_naps(threads)
    return PartialDiagnostics(
        driver=PythonProcess("the driver's Python", threads), children=_children(proc, threads)
    )


def _children(driver: proctree.Proc, threads: tuple[PythonThread, ...]) -> list[PythonProcess]:
    """The processes of a pool, if the driver waits for one; py-spy would disturb them for nothing else."""
    thread = hanging_thread(threads)
    if thread is None or wait_of(thread) not in OTHERS:
        return []
    found = []
    for child in pythons_below(driver):
        with contextlib.suppress(NotSeenError):
            stack = with_naps(by_py_spy(child))
            found.append(PythonProcess(f"Python process {child.pid} of the driver", stack))
    return found


def _handles_usr1(proc: proctree.Proc) -> bool:
    """Whether it catches SIGUSR1: a process that does not is killed by it."""
    try:
        lines = Path(f"/proc/{proc.pid}/status").read_text(errors="replace").splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    except (OSError, StopIteration, ValueError):
        return False
    return bool(caught >> (signal.SIGUSR1 - 1) & 1)


def by_py_spy(proc: proctree.Proc) -> tuple[PythonThread, ...]:
    """The threads of a Python process.

    Raises:
        NotSeenError: py-spy could not read them; the message says why.
    """
    try:
        return python_threads(proc)
    except PermissionError:
        why = "no permission"
    except FileNotFoundError:
        why = "py-spy is not installed"
    except TimeoutError:
        why = "py-spy did not answer in time"
    except OSError:
        why = "py-spy found no Python in it"
    raise NotSeenError(f"stack not readable ({why})")


def log_tail(autopsy_input: AutopsyInput, url: str) -> str:
    """The end of an executor's log page; empty if it cannot be read."""
    try:
        return autopsy_input.tail(url, _TAIL) if autopsy_input.tail else ""
    except Exception:  # noqa: BLE001 - the log page is gone with its worker
        return ""


def _awaited(read: Callable[[], str], *, quiet: float) -> str:
    """What ``read`` returns, once it has not grown for ``quiet`` seconds."""
    until = time.monotonic() + _SIGNAL_PATIENCE
    text, since = "", time.monotonic()
    while time.monotonic() < until:
        now = read()
        if now != text:
            text, since = now, time.monotonic()
        elif text and time.monotonic() - since > quiet:
            break
        time.sleep(_TICK)
    return text


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _text_from(path: Path, offset: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_LONGEST_STACKS).decode(errors="replace")
    except OSError:
        return ""
