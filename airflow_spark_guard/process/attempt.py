"""One attempt: launched under a reaper, watched until it is over, and proven gone."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from airflow_spark_guard.core.ending import Cause, Ending, Heard
from airflow_spark_guard.process import leftovers, proctree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_spark_guard.core.output import JobOutput
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.process.leftovers import Tag

_REAPER = Path(__file__).with_name("reaper_main.py")
_TICK = 0.25
_CHUNK = 1 << 16
# The reaper's own deadline lies this much behind ours: it is for the case that this process hangs.
_BACKSTOP = 15.0
# What the reaper needs beyond the grace: one poll, the SIGKILL rounds, and a slow machine.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Launch:
    """What to start, and when to end it.

    Attributes:
        command: spark-submit with its arguments.
        env: the whole environment of the job.
        workdir: the attempt's folder.
        tag: marks the attempt's processes.
        deadline: seconds that the guard allows, or None.
        backstop: seconds after which the reaper ends it even if this process hangs.
        exit_timeout: seconds that the process may stay after the closing message.
        grace: seconds between SIGTERM and SIGKILL.
        guardians: pids above this process whose death ends the attempt.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    workdir: Path
    tag: Tag
    deadline: float | None
    backstop: float
    exit_timeout: float
    grace: float
    guardians: Sequence[int] = ()


class Source(Protocol):
    """Where messages come from."""

    def read(self) -> list[Message]:
        """The messages since the last call."""


class Attempt:
    """A launched attempt. Use as a context manager: leaving it ends whatever is still there."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.started = time.monotonic()
        self.report: dict[str, Any] | None = None
        self._over = False
        self._kill_requested = False
        life_read, self._life = os.pipe()
        self._status, status_write = os.pipe()
        self._reaper = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(_REAPER),
                self._spec(life_read, status_write),
                "--",
                *launch.command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**launch.env, leftovers.TAG_ENV: str(launch.tag)},
            pass_fds=(life_read, status_write),
            start_new_session=True,
            bufsize=0,
        )
        os.close(life_read)
        os.close(status_write)

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
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._over:
            self.end()
        os.close(self._life)
        os.close(self._status)
        if self._reaper.stdout:
            self._reaper.stdout.close()

    def request_kill(self) -> None:
        """Ask the reaper to end the tree. Safe in a signal handler: one flag, one signal."""
        self._kill_requested = True
        self._reaper.terminate()

    def end(self) -> tuple[str, ...]:
        """End the tree, wait until it is gone, and name what could not be proven gone."""
        self._reaper.terminate()
        limit = time.monotonic() + self.launch.grace + _PATIENCE
        while not self._over and time.monotonic() < limit:
            self.poll(0.1)
        if not self._over:
            self._reaper.kill()
        self._reaper.wait()
        return tuple(leftovers.end(self.launch.tag, of_this_attempt=True)[1])

    def poll(self, patience: float) -> bytes:
        """Wait up to ``patience`` seconds for output or for the reaper's report; what was printed."""
        output = self._reaper.stdout
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

    def watch(
        self,
        source: Source,
        output: JobOutput,
        on_lines: Callable[[list[str]], None],
        on_message: OnMessage,
        *,
        speaks: bool,
    ) -> Ending:
        """Follow the attempt to its end; whatever ended it, its processes are gone when this returns."""
        heard = Heard()
        cause = Cause.COMMAND_ENDED
        while not self._over:
            chunk = self.poll(_TICK)
            self._take_in(source, heard, on_message)
            if chunk:
                on_lines(output.feed(chunk, time.monotonic()))
            due = self._due(heard)
            if due is not None:
                cause = due
                break
        orphans = self.end()
        while chunk := self.poll(0.0):
            on_lines(output.feed(chunk, time.monotonic()))
        self._take_in(source, heard, on_message)
        on_lines(output.finish(time.monotonic()))
        return replace(self._ending(cause, heard, output, orphans), speaks=speaks)

    def _take_in(self, source: Source, heard: Heard, on_message: OnMessage) -> None:
        for message in source.read():
            heard.hear(message, time.monotonic())
            on_message(message)

    def _due(self, heard: Heard) -> Cause | None:
        """The limit that has passed, if one has."""
        now = time.monotonic()
        if self.launch.deadline is not None and now - self.started >= self.launch.deadline:
            return Cause.DEADLINE
        if heard.bye_at is not None and now - heard.bye_at >= self.launch.exit_timeout:
            return Cause.NOT_EXITING
        return None

    def _ending(self, cause: Cause, heard: Heard, output: JobOutput, orphans: tuple[str, ...]) -> Ending:
        report = self.report or {}
        if cause is Cause.COMMAND_ENDED:
            cause = self._cause_of(report.get("reason"))
        limit = self.launch.exit_timeout if cause is Cause.NOT_EXITING else self.launch.deadline
        return Ending(
            cause=cause,
            exit_status=report.get("exit"),
            heard=heard,
            seconds=time.monotonic() - self.started,
            limit=limit or self.launch.backstop,
            evidence=output.evidence(),
            orphans=orphans + tuple(report.get("left", ())),
        )

    def _cause_of(self, reason: str | None) -> Cause:
        if self._kill_requested:
            return Cause.KILLED
        return {
            "ended": Cause.COMMAND_ENDED,
            "deadline": Cause.DEADLINE,
            "guardian": Cause.GUARDIAN,
            None: Cause.REAPER_GONE,
        }.get(reason, Cause.KILLED)


if TYPE_CHECKING:
    OnMessage = Callable[[Message], None]
