"""One attempt: launched under a reaper, watched until it is over, and proven gone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from airflow_spark_guard.core.failure.ending import Cause, Ending
from airflow_spark_guard.core.watch.heard import Heard
from airflow_spark_guard.process import leftovers, proctree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.core.output.output import JobOutput
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stack.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.watch import Watch

_REAPER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper_main.py")))
_TICK = 0.25
_CHUNK = 1 << 16
# The reaper's own deadline lies this much behind ours: it is for the case that this process hangs.
_BACKSTOP = 15.0
# What the reaper needs beyond the grace: one poll, the SIGKILL rounds, and a slow machine.
_PATIENCE = 5.0
# The job's side looks every second.
_CANCEL_TIME = 2.0


@dataclass(frozen=True)
class Launch:
    """What to start, and when to end it.

    Attributes:
        command: spark-submit with its arguments.
        env: the whole environment of the job.
        workdir: the attempt's folder.
        cancel: the file whose appearance asks the job's side to cancel its Spark jobs.
        secrets: the file in it that the reaper removes as soon as the tree is gone.
        tag: marks the attempt's processes.
        backstop: seconds after which the reaper ends it even if this process hangs.
        speaks: whether the application runs under our launcher, and therefore says hello and bye.
        autopsy_budget: seconds for the last look before a hung job is ended.
        grace: seconds between SIGTERM and SIGKILL.
        guardians: pids above this process whose death ends the attempt.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    workdir: Path
    cancel: Path
    secrets: Path
    tag: Tag
    backstop: float
    speaks: bool
    autopsy_budget: float
    grace: float
    guardians: Sequence[int] = ()


def _drop(_: bytes) -> None:
    """Nobody is there to take the output."""


class Source(Protocol):
    """Where messages come from."""

    def read(self) -> list[Message]:
        """The messages since the last call."""


class Listener(Protocol):
    """Who is told what happens, as it happens."""

    def chunk(self, chunk: bytes) -> bytes:
        """Output of the job, as it came; the part of it that the log is to show."""

    def rest(self) -> bytes:
        """What :meth:`chunk` has held back, at the end of the output."""

    def lines(self, lines: list[str]) -> None:
        """Output of the job, as it is to be shown."""

    def message(self, message: Message) -> None:
        """A message of the job."""

    def examine(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The last look at a job that is about to be ended; called on a thread of its own."""


class Attempt:
    """A launched attempt. Use as a context manager: leaving it ends whatever is still there."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.started = time.monotonic()
        self.report: dict[str, Any] | None = None
        self._over = False
        self._kill_requested = False
        self._consume: Callable[[bytes], None] = _drop
        self._descriptors: list[int] = []
        self._reaper: subprocess.Popen[bytes] | None = None

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
                "secrets": str(self.launch.secrets),
            }
        )

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            # A time-out may be raised anywhere, also here: closing the pipe alone ends what has started.
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
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
        finally:
            os.close(life_read)
            os.close(status_write)

    def __exit__(self, *_: object) -> None:
        try:
            self._consume = _drop  # whoever took it may be what has failed
            if self._reaper is not None and not self._over:
                self.end()
        finally:
            while self._descriptors:
                os.close(self._descriptors.pop())
            if self._reaper is not None and self._reaper.stdout:
                self._reaper.stdout.close()

    def request_kill(self) -> None:
        """Ask the reaper to end the tree. Safe in a signal handler: one flag, one signal."""
        self._kill_requested = True
        if self._reaper is not None:
            self._reaper.terminate()

    def end(self) -> tuple[str, ...]:
        """End the tree, wait until it is gone, and name what could not be proven gone."""
        if self._reaper is not None:
            self._reaper.terminate()
            limit = time.monotonic() + self.launch.grace + _PATIENCE
            while not self._over and time.monotonic() < limit:
                # What the job prints while it is ended belongs to its output; reading it also keeps the
                # pipe from filling up.
                self._consume(self.poll(0.1))
            if not self._over:
                self._reaper.kill()
            self._reaper.wait()
        return tuple(leftovers.end(self.launch.tag, of_this_attempt=True)[1])

    def poll(self, patience: float) -> bytes:
        """Wait up to ``patience`` seconds for output or for the reaper's report; what was printed."""
        output = self._reaper.stdout if self._reaper else None
        wanted: list[Any] = [self._status, *([output] if output and not output.closed else [])]
        ready = select.select(wanted, [], [], patience)[0]
        if self._status in ready and not self._over:
            # Small enough to come in one piece; an end of file without it is a reaper that was killed.
            text = os.read(self._status, _CHUNK)
            self.report = json.loads(text) if text else None
            self._over = True
        if output in ready and output is not None:
            chunk = output.read(_CHUNK)
            if chunk:
                return bytes(chunk)
            output.close()
        return b""

    def watch(self, source: Source, output: JobOutput, watch: Watch, listener: Listener) -> Ending:
        """Follow the attempt to its end; whatever ended it, its processes are gone when this returns."""
        heard = Heard()

        def show(chunk: bytes) -> None:
            watch.hear_output(chunk)
            listener.lines(output.feed(chunk, time.monotonic()))

        def consume(chunk: bytes) -> None:
            show(listener.chunk(chunk) if chunk else chunk)

        self._consume = consume
        finding, autopsy = self._follow(source, watch, heard, listener), None
        known = heard
        if finding is not None:
            autopsy = self._examine(listener, finding, heard)
            # What the script says of its end now is our doing, and no cause.
            heard = Heard()
            self._cancel(source, heard, listener)
        orphans = self.end()
        while chunk := self.poll(0.0):
            self._consume(chunk)
        show(listener.rest())
        self._take_in(source, heard, listener)
        listener.lines(output.finish(time.monotonic()))
        report = self.report or {}
        return Ending(
            cause=self._cause_of(report.get("reason")) if finding is None else Cause.FINDING,
            exit_status=report.get("exit"),
            heard=known,
            speaks=self.launch.speaks,
            seconds=self._now(),
            backstop=self.launch.backstop,
            finding=finding,
            autopsy=autopsy,
            evidence=output.evidence(failed=finding is None),
            orphans=orphans + tuple(report.get("left", ())),
        )

    def _follow(self, source: Source, watch: Watch, heard: Heard, listener: Listener) -> Finding | None:
        """Until it is over, or something is found."""
        finding = None
        while not self._over and finding is None:
            chunk = self.poll(_TICK)
            self._take_in(source, heard, listener)
            self._consume(chunk)
            # What is over, or is being ended, has passed its last limit.
            if not self._over and not self._kill_requested:
                finding = watch.tick(self._now(), heard)
        return finding

    def _now(self) -> float:
        return time.monotonic() - self.started

    def _take_in(self, source: Source, heard: Heard, listener: Listener) -> None:
        for message in source.read():
            heard.hear(message, self._now())
            listener.message(message)

    def _examine(self, listener: Listener, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy, while somebody reads the output: what it provokes may be more than a pipe holds."""
        found: list[Autopsy | None] = []
        thread = threading.Thread(
            target=lambda: found.append(listener.examine(finding, heard)),
            name="spark-guard-autopsy",
            daemon=True,
        )
        limit = time.monotonic() + self.launch.autopsy_budget + 1.0
        thread.start()
        while thread.is_alive() and time.monotonic() < limit and not (self._over or self._kill_requested):
            self._consume(self.poll(0.05))
        return found[0] if found else None

    def _cancel(self, source: Source, heard: Heard, listener: Listener) -> None:
        """Have the job's side cancel its Spark jobs, so that committers take back what is half written."""
        if not self.launch.speaks or self._over or self._kill_requested:
            return
        with contextlib.suppress(OSError):
            self.launch.cancel.touch()
        limit = time.monotonic() + _CANCEL_TIME
        while time.monotonic() < limit and not (self._over or self._kill_requested or heard.ended_at):
            self._consume(self.poll(0.05))
            self._take_in(source, heard, listener)

    def _cause_of(self, reason: str | None) -> Cause:
        if self._kill_requested:
            return Cause.KILLED
        return {
            "ended": Cause.COMMAND_ENDED,
            "deadline": Cause.DEADLINE,
            "guardian": Cause.GUARDIAN,
            None: Cause.REAPER_GONE,
        }.get(reason, Cause.KILLED)
