"""The reaper: sits between task and spark-submit, and ends the whole tree whatever happens to the task.

It runs in a session of its own, so that signals to the task's group do not reach it, and as a subreaper,
so that orphans below it become its children. It ends the tree when the command ends, when it is
signalled, when its deadline passes, and when the task or a guardian (the supervisor above it) is gone.
Started as ``python -I -S reaper_main.py SPEC -- COMMAND``; standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.failure.reaper_report import ReaperReport, Reason

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL = 0.5
_KILL_TIME = 2.0
_LEFTOVER_GRACE = 1.0
_EMPTY_LOOKS = 2
_NAMED = 100  # processes named in a report, so that it fits into the pipe
_EXEC_FAILED = 127
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Spec(NamedTuple):
    """The reaper's instructions, passed by the task as JSON.

    Attributes:
        parent: pid of the task process.
        life_fd: read end of a pipe that only the task holds open: end of file means that the task is dead.
        status_fd: write end of the pipe for the report, one JSON object.
        guardians: (pid, start time) of processes above the task; the death of one ends the tree as well.
        deadline: seconds from now.
        grace: seconds between SIGTERM and SIGKILL.
        workdir: the attempt's folder; the reaper removes it if the task is gone.
        secrets: files in it that are removed once the tree is gone.
    """

    parent: int
    life_fd: int
    status_fd: int
    guardians: list[list[int]]
    deadline: float
    grace: float
    workdir: str
    secrets: list[str]


def main(arguments: Sequence[str]) -> int:
    """Run the command until it ends or must be ended, and report to the task."""
    spec = Spec(**json.loads(arguments[0]))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wakeup = _wakeup_on_signals()
    for descriptor in (spec.life_fd, spec.status_fd):
        os.set_inheritable(descriptor, False)  # noqa: FBT003
    tree = Tree(_start(list(arguments[2:])))
    _let_go_of_output()
    reason = _wait(spec, tree, wakeup)
    found, left = tree.end(spec.grace)
    for file in spec.secrets:
        with contextlib.suppress(OSError):
            os.unlink(file)  # noqa: PTH108 - no pathlib here
    report: ReaperReport = {
        "reason": reason,
        "exit": tree.exit_status,
        "found": found[:_NAMED],
        "left": left[:_NAMED],
    }
    _report(spec.status_fd, report)
    if reason in ("parent", "guardian"):
        import shutil  # noqa: PLC0415 - only on the rare path, the start-up stays short

        shutil.rmtree(spec.workdir, ignore_errors=True)
    return 0


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _wakeup_on_signals() -> int:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (*_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)  # the wakeup descriptor carries the number
    return reading


def _start(command: list[str]) -> int:
    """Fork and exec. Must run on the main thread: the death signal is bound to the thread that forks."""
    reaper = os.getpid()
    child = os.fork()
    if child:
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        return child
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*_SIGNALS, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == reaper:  # else it died before the death signal was set
            os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error}\n".encode())
    finally:
        os._exit(_EXEC_FAILED)


def _let_go_of_output() -> None:
    """Close our copy of the task's output pipe: its end of file must depend on the job alone."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _wait(spec: Spec, tree: Tree, wakeup: int) -> Reason:
    """Wait for the event that ends the attempt, and return its name."""
    end = time.monotonic() + spec.deadline
    while True:
        ready = select.select([spec.life_fd, wakeup], [], [], _POLL)[0]
        tree.reap()
        if tree.exit_status is not None:
            return "ended"
        # A parent that forks duplicates the end of the pipe, so the parent pid is checked as well.
        if spec.life_fd in ready or os.getppid() != spec.parent:
            return "parent"
        if wakeup in ready and any(number in _SIGNALS for number in os.read(wakeup, 512)):
            return "signal"
        if not all(_is_there(pid, started) for pid, started in spec.guardians):
            return "guardian"
        if time.monotonic() >= end:
            return "deadline"


def _is_there(pid: int, started: int) -> bool:
    proc = proctree.read(pid)
    return proc is not None and proc.started == started and proc.state != "Z"


class Tree:
    """The command and everything below this process."""

    def __init__(self, command: int) -> None:
        self.command = command
        self.exit_status: int | None = None

    def reap(self) -> bool:
        """Collect every dead child; return whether living ones are left.

        A subreaper without children has nothing below it.
        """
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self.command:
                    self.exit_status = os.waitstatus_to_exitcode(status)
                if pid == 0:
                    return True
        return False

    def living(self) -> list[proctree.Proc]:
        """The living processes below this one."""
        self.reap()
        below = proctree.descendants(os.getpid(), proctree.table())
        return [proc for proc in below if proc.state != "Z"]

    def end(self, grace: float) -> tuple[list[str], list[str]]:
        """End everything; return (what was still running, what could not be ended).

        First SIGTERM, to the command's process group or to what an ended command has left behind; then, after
        ``grace`` seconds, SIGKILL, repeated until the process table shows nothing.
        """
        if not proctree.is_visible():
            return self._end_unseen(grace)
        living = self.living()
        found = {proc.pid: str(proc) for proc in living}
        if self.exit_status is None:
            with contextlib.suppress(OSError):
                os.killpg(self.command, signal.SIGTERM)
        else:
            grace = min(grace, _LEFTOVER_GRACE)
            for proc in living:
                proctree.send(proc, signal.SIGTERM)
        self._until_gone(grace)
        end = time.monotonic() + _KILL_TIME
        looks = 0
        while looks < _EMPTY_LOOKS and time.monotonic() < end:
            # A process that forks during the scan may be missed: one empty scan is not enough.
            living = self.living()
            looks = 0 if living else looks + 1
            for proc in living:
                found[proc.pid] = str(proc)
                proctree.send(proc, signal.SIGKILL)
            time.sleep(0.01)
        return sorted(found.values()), [str(proc) for proc in self.living()]

    def _end_unseen(self, grace: float) -> tuple[list[str], list[str]]:
        """Like :meth:`end` without ``/proc``: only the command's process group can be reached."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILL_TIME)):
            end = time.monotonic() + patience
            if self.reap():
                with contextlib.suppress(OSError):
                    os.killpg(self.command, number)
            while self.reap() and time.monotonic() < end:
                time.sleep(0.05)
        return [], [proctree.UNSEEN] if self.reap() else []

    def _until_gone(self, patience: float) -> None:
        end = time.monotonic() + patience
        while self.living() and time.monotonic() < end:
            time.sleep(0.05)


def _report(descriptor: int, report: ReaperReport) -> None:
    with contextlib.suppress(OSError):  # the task is gone
        os.write(descriptor, json.dumps(report).encode() + b"\n")
