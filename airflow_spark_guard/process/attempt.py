"""One attempt: launch it under a reaper, end it, and verify that no process is left."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.clock import LaunchTime, monotonic_now
from airflow_spark_guard.core.failure.reaper_report import read_report
from airflow_spark_guard.process import leftovers, proctree
from airflow_spark_guard.process.subreaper import Adoption, end_adopted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.core.failure.reaper_report import ReaperReport
    from airflow_spark_guard.process.leftovers import Tag

_REAPER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper_main.py")))
_CHUNK = 1 << 16
# The reaper's own deadline is this much later than ours: it counts only if this process hangs.
_BACKSTOP = 15.0
# What the reaper needs beyond the grace: one poll, the SIGKILL rounds, and a slow machine.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Launch:
    """What to start and when to end it.

    Attributes:
        command: spark-submit with its arguments.
        env: the whole environment of the job.
        workdir: the attempt's folder.
        cancel: a file; once it exists, the job's side cancels its Spark jobs.
        secrets: files in ``workdir`` that the reaper removes as soon as the process tree is gone.
        tag: marks the attempt's processes.
        backstop: seconds after which the reaper ends the attempt even if this process hangs.
        has_launcher: whether the application runs under our launcher and therefore sends hello and bye.
        autopsy_budget: seconds for collecting diagnostics before a hung job is ended.
        grace: seconds between SIGTERM and SIGKILL.
        guardians: pids above this process whose death ends the attempt.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    workdir: Path
    cancel: Path
    secrets: Sequence[Path]
    tag: Tag
    backstop: float
    has_launcher: bool
    autopsy_budget: float
    grace: float
    guardians: Sequence[int] = ()


def _drop(_: bytes) -> None:
    """Default consumer: discard the output."""


class Attempt:
    """A launched attempt. Use as a context manager: leaving it ends every process that is left.

    Attributes:
        launch: as passed.
        started: time of the launch.
        report: the reaper's report; None until it reports, and if it was killed.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.started = monotonic_now()
        self.report: ReaperReport | None = None
        self._over = False
        self._kill_requested = False
        self._descriptors: list[int] = []
        self._reaper: subprocess.Popen[bytes] | None = None
        self._reaper_proc: proctree.Proc | None = None
        self._adoption = Adoption()

    def _spec(self, life_fd: int, status_fd: int) -> str:
        guardians = [proc for pid in self.launch.guardians if (proc := proctree.read(pid))]
        return json.dumps(
            {
                "parent": os.getpid(),
                "life_fd": life_fd,
                "status_fd": status_fd,
                "guardians": [[proc.pid, proc.started] for proc in guardians],
                "deadline": self.launch.backstop + _BACKSTOP,
                "grace": self.launch.grace,
                "workdir": str(self.launch.workdir),
                "secrets": [str(file) for file in self.launch.secrets],
            }
        )

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            # A time-out may be raised anywhere, here as well: closing the pipe is enough to end the tree.
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._adoption.open()
        life_read, life = os.pipe()
        self._descriptors.append(life)
        self._status, status_write = os.pipe()
        self._descriptors.append(self._status)
        try:
            self._reaper = subprocess.Popen(
                [*_REAPER, self._spec(life_read, status_write), "--", *self.launch.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**self.launch.env, leftovers.TAG_ENV: str(self.launch.tag)},
                pass_fds=(life_read, status_write),
                start_new_session=True,
                bufsize=0,
            )
            self._reaper_proc = proctree.read(self._reaper.pid)
        finally:
            os.close(life_read)
            os.close(status_write)

    def __exit__(self, *_: object) -> None:
        try:
            if self._reaper is not None and not self._over:
                self.end()
        finally:
            while self._descriptors:
                os.close(self._descriptors.pop())
            if self._reaper is not None and self._reaper.stdout:
                self._reaper.stdout.close()
            self._adoption.close()

    def request_kill(self) -> None:
        """Ask the reaper to end the tree. Safe in a signal handler: one flag, one signal."""
        self._kill_requested = True
        if self._reaper is not None:
            self._reaper.terminate()

    def end(self, consume: Callable[[bytes], None] = _drop) -> tuple[str, ...]:
        """End the tree and wait for it; return the processes whose end could not be confirmed.

        Args:
            consume: receives what the job prints meanwhile.
        """
        if self._reaper is not None:
            self._reaper.terminate()
            limit = time.monotonic() + self.launch.grace + _PATIENCE
            while not self._over and time.monotonic() < limit:
                # What the job prints while it is being ended belongs to its output; reading it also keeps
                # the pipe from filling up.
                consume(self.poll(0.1))
            if not self._over:
                self._reaper.kill()
            self._wait_for(self._reaper)
        return (*leftovers.end(self.launch.tag, of_this_attempt=True)[1], *self._without_report())

    def _wait_for(self, reaper: subprocess.Popen[bytes]) -> None:
        """Wait until it is gone. The report may be forged by a process that has stopped the reaper."""
        patience = self.launch.grace + _PATIENCE
        with contextlib.suppress(OSError, AttributeError):  # if pidfd is refused, the wait below polls
            handle = os.pidfd_open(reaper.pid)
            try:
                select.select([handle], [], [], patience)
            finally:
                os.close(handle)
        try:
            reaper.wait(patience)
        except subprocess.TimeoutExpired:
            reaper.kill()
            reaper.wait()

    def _without_report(self) -> tuple[str, ...]:
        """End what a killed reaper has left; return the processes whose end could not be confirmed."""
        if self.report is not None or self._reaper is None:
            return ()
        if self._reaper_proc is None or not proctree.is_visible():
            return (proctree.UNSEEN,)
        return end_adopted(self._reaper_proc, self.launch.tag)

    def poll(self, patience: float) -> bytes:
        """Wait up to ``patience`` seconds for output or for the reaper's report; return the output."""
        output = self._reaper.stdout if self._reaper else None
        wanted: list[Any] = [self._status, *([output] if output and not output.closed else [])]
        ready = select.select(wanted, [], [], patience)[0]
        if self._status in ready and not self._over:
            # Small enough to come in one piece; an end of file without a report means a killed reaper.
            self.report = read_report(os.read(self._status, _CHUNK))
            self._over = True
        if output in ready and output is not None:
            chunk = output.read(_CHUNK)
            if chunk:
                return bytes(chunk)
            output.close()
        return b""

    @property
    def over(self) -> bool:
        """Whether the reaper has reported, or is gone."""
        return self._over

    @property
    def kill_requested(self) -> bool:
        """Whether :meth:`request_kill` was called."""
        return self._kill_requested

    @property
    def now(self) -> LaunchTime:
        """The time."""
        return LaunchTime(time.monotonic() - self.started)
