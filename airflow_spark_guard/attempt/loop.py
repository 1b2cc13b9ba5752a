"""Following an attempt to its end: output and messages in, the watch asked, the last look taken, the kill."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.attempt.examination import Examination
from airflow_spark_guard.core.clock import monotonic_now
from airflow_spark_guard.core.failure.ending import Cause, Ending
from airflow_spark_guard.core.watch.heard import Heard
from airflow_spark_guard.process import takeover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_spark_guard.attempt.watch import Watch
    from airflow_spark_guard.core.failure.takeover import Takeover
    from airflow_spark_guard.core.output.output import JobOutput
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.process.attempt import Attempt

_TICK = 0.25
# The job's side looks every second.
_CANCEL_TIME = 2.0


class Source(Protocol):
    """Where messages come from."""

    def read(self) -> list[Message]:
        """The messages since the last call; of a flood, the first ones."""

    def remaining(self) -> Iterator[Message]:
        """All that :meth:`read` has not given yet, when nobody writes any more."""


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

    def observed(self, finding: Finding, autopsy: Autopsy | None, evidence: str) -> None:
        """What would have ended the job, were it not only observed."""


class Examines(Protocol):
    """Who takes the autopsy."""

    def examine(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that is about to be ended; called on a thread of its own."""

    def observe(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that goes on (observe mode); called on a thread of its own."""


@dataclass
class Following:
    """Follows one attempt; once.

    Args:
        attempt: launched.
        source: of the job's messages.
        output: decides which lines are shown.
        watch: decides when it is enough.
        listener: gets output, messages and observed findings as they come.
        examiner: takes the autopsy of a job that stands still.
    """

    attempt: Attempt
    source: Source
    output: JobOutput
    watch: Watch
    listener: Listener
    examiner: Examines
    _heard: Heard = field(default_factory=Heard)
    # The evidence as it was when the end was asked for: what comes later is our own doing.
    _before_the_kill: str | None = None
    # In observe mode: what was found and not said yet, the first of it being looked at.
    _observed: list[Finding] = field(default_factory=list)
    _examination: Examination | None = None

    def run(self) -> Ending:
        """Follow the attempt; whatever ended it, its processes are gone when this returns."""
        self.attempt.consume = self._consume
        finding, autopsy = self._follow(), None
        heard, evidence = self._heard, ""
        if finding is not None:
            autopsy = self._examine(finding)
            evidence = self.output.evidence(failed=False)
            # What the script says and prints of its end from now on is our doing: no cause, and no news.
            self._heard = Heard()
            self.attempt.consume = self._keep
            self._cancel()
        orphans = self.attempt.end()
        while chunk := self.attempt.poll(0.0):
            self.attempt.consume(chunk)
        if finding is None:
            self._show(self.listener.rest())
        # A task that was killed has few seconds left, and its job's result counts no more.
        self._hear(self.source.read() if self.attempt.kill_requested else self.source.remaining())
        self.listener.lines(self.output.finish(monotonic_now()))
        report = self.attempt.report or {}
        newer = takeover.read(self.attempt.launch.workdir)
        cause = Cause.FINDING if finding is not None else self._cause(report, newer)
        return Ending(
            cause=cause,
            exit_status=report.get("exit"),
            heard=heard,
            speaks=self.attempt.launch.speaks,
            seconds=self.attempt.now,
            backstop=self.attempt.launch.backstop,
            finding=finding,
            autopsy=autopsy,
            evidence=evidence or self._evidence(cause),
            orphans=tuple(dict.fromkeys([*orphans, *report.get("left", ())])),
            taken_over=newer if cause is Cause.TAKEN_OVER else None,
        )

    def _evidence(self, cause: Cause) -> str:
        """Of a job that was ended: what it printed before, and nothing of the JVM's going down."""
        if cause is Cause.COMMAND_ENDED:
            return self.output.evidence(failed=True)
        return self.output.ended() if self._before_the_kill is None else self._before_the_kill

    def _follow(self) -> Finding | None:
        """Until it is over, or something is found that ends it."""
        finding = None
        while not self.attempt.over and finding is None:
            chunk = self.attempt.poll(_TICK)
            if self.attempt.kill_requested and self._before_the_kill is None:
                self._before_the_kill = self.output.evidence(failed=False)
            self._take_in()
            self._consume(chunk)
            # What is over, or is being ended, has passed its last limit. During an autopsy in observe mode
            # the watch does not look: a process can be stopped by one only.
            if not self._done and not self._is_examined():
                finding = self.watch.tick(self.attempt.now, self._heard)
                self._observed += self.watch.observed()
        while self._observed:
            self._say_observed()
        return finding

    def _is_examined(self) -> bool:
        """Whether the autopsy of something observed goes on; says what has been found once it is over."""
        if not self._observed:
            return False
        if self._examination is None:
            finding, heard = self._observed[0], self._heard
            self._examination = Examination(
                lambda: self.examiner.observe(finding, heard), self.attempt.launch.autopsy_budget
            )
        if self._examination.over:
            self._say_observed()
        return bool(self._observed)

    def _say_observed(self) -> None:
        """Also of a job that has ended meanwhile: then without what the autopsy would have shown."""
        autopsy = self._examination.autopsy if self._examination is not None else None
        finding, self._examination = self._observed.pop(0), None
        self.listener.observed(finding, autopsy, self.output.evidence(failed=False))

    @property
    def _done(self) -> bool:
        return self.attempt.over or self.attempt.kill_requested

    def _consume(self, chunk: bytes) -> None:
        self._show(self.listener.chunk(chunk) if chunk else chunk)

    def _show(self, chunk: bytes) -> None:
        self.watch.hear_output(chunk)
        self.listener.lines(self.output.feed(chunk, monotonic_now()))

    def _keep(self, chunk: bytes) -> None:
        """For the record alone."""
        self.listener.chunk(chunk)

    def _take_in(self) -> None:
        self._hear(self.source.read())

    def _hear(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._heard.hear(message, self.attempt.now)
            self.listener.message(message)

    def _examine(self, finding: Finding) -> Autopsy | None:
        """The autopsy, while somebody reads the output: what it provokes may be more than a pipe holds."""
        heard = self._heard
        examination = Examination(
            lambda: self.examiner.examine(finding, heard), self.attempt.launch.autopsy_budget
        )
        while not (examination.over or self._done):
            self._consume(self.attempt.poll(0.05))
        return examination.autopsy

    def _cancel(self) -> None:
        """Have the job's side cancel its Spark jobs, so that committers take back what is half written."""
        if not self.attempt.launch.speaks or self._done:
            return
        with contextlib.suppress(OSError):
            self.attempt.launch.cancel.touch()
        limit = time.monotonic() + _CANCEL_TIME
        while time.monotonic() < limit and not (self._done or self._heard.ended_at):
            self.attempt.consume(self.attempt.poll(0.05))
            self._take_in()

    def _cause(self, report: Mapping[str, Any], newer: Takeover | None) -> Cause:
        # A newer try ends reaper, JVM and Python at once: whoever of them went first says nothing.
        is_done = self._heard.bye or not self.attempt.launch.speaks
        if newer is not None and not (is_done and report.get("exit") == 0):
            return Cause.TAKEN_OVER
        if self.attempt.kill_requested:
            return Cause.KILLED
        return {
            "ended": Cause.COMMAND_ENDED,
            "deadline": Cause.DEADLINE,
            "guardian": Cause.GUARDIAN,
            None: Cause.REAPER_GONE,
        }.get(report.get("reason"), Cause.KILLED)
