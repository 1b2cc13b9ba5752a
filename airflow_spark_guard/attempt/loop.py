"""Follows an attempt to its end: reads output and messages, asks the watch, takes the autopsy, kills."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from airflow_spark_guard.attempt.examination import Examination
from airflow_spark_guard.core.clock import monotonic_now
from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.process import takeover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_spark_guard.attempt.live import Live
    from airflow_spark_guard.attempt.watch import Watch
    from airflow_spark_guard.core.clock import LaunchTime
    from airflow_spark_guard.core.failure.reaper_report import ReaperReport, Reason
    from airflow_spark_guard.core.failure.takeover import Takeover
    from airflow_spark_guard.core.live.state import Phase
    from airflow_spark_guard.core.output.output import JobOutput
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.process.attempt import Attempt

_TICK = 0.25
# The job's side checks every second.
_CANCEL_TIME = 2.0
_CAUSES: Mapping[Reason, Cause] = {
    "ended": Cause.COMMAND_ENDED,
    "deadline": Cause.DEADLINE,
    "guardian": Cause.GUARDIAN,
}


class MessageSource(Protocol):
    """Where the job's messages come from."""

    def read(self) -> list[Message]:
        """The messages since the last call; the first of them if there are too many for one call."""

    def remaining(self) -> Iterator[Message]:
        """All that :meth:`read` has not returned yet; for when the writer has ended."""


class AttemptListener(Protocol):
    """Receives output, messages and findings as they come."""

    def chunk(self, chunk: bytes) -> bytes:
        """Take raw output of the job; returns the part to show in the log."""

    def rest(self) -> bytes:
        """What :meth:`chunk` has held back, once the output has ended."""

    def lines(self, lines: list[str]) -> None:
        """Take output of the job to show."""

    def message(self, message: Message) -> None:
        """Take a message of the job."""

    def observed(self, finding: Finding, autopsy: Autopsy | None, evidence: str) -> None:
        """Take what would have ended the job (observe mode)."""


class Examines(Protocol):
    """Takes autopsies."""

    def examine(self, finding: Finding, channel_state: ChannelState) -> Autopsy | None:
        """The autopsy of a job that is about to be ended; called on a thread of its own."""

    def observe(self, finding: Finding, channel_state: ChannelState) -> Autopsy | None:
        """The autopsy of a job that goes on (observe mode); called on a thread of its own."""

    def sample(self, channel_state: ChannelState, now: LaunchTime) -> Autopsy:
        """A stack sample that a user asks for; called on a thread of its own."""


@dataclass
class AttemptFollower:
    """Follows one attempt, once.

    Args:
        attempt: launched.
        source: of the job's messages.
        output: decides which lines are shown.
        watch: decides when to end the attempt.
        listener: receives output, messages and observed findings.
        examiner: takes the autopsies.
        live: serves those who look at it meanwhile; None without a record.
    """

    attempt: Attempt
    source: MessageSource
    output: JobOutput
    watch: Watch
    listener: AttemptListener
    examiner: Examines
    live: Live | None = None
    _channel_state: ChannelState = field(default_factory=ChannelState)
    # The evidence at the time of the kill request: later output is caused by the kill.
    _before_the_kill: str | None = None
    # In observe mode: findings not reported yet; the first one is being examined.
    _observed: list[Finding] = field(default_factory=list)
    _examination: Examination | None = None

    def run(self) -> ClientEnding:
        """Follow the attempt to its end; its processes are gone when this returns, whatever ended it."""
        finding, autopsy = self._follow(), None
        channel_state, evidence, consume = self._channel_state, "", self._consume
        if finding is not None:
            autopsy = self._examine(finding)
            evidence = self.output.evidence(failed=False)
            # From here on the kill causes what the script reports and prints: neither cause nor news.
            self._channel_state = ChannelState()
            consume = self._record_only
            self._cancel()
        orphans = self.attempt.end(consume)
        while chunk := self.attempt.poll(0.0):
            consume(chunk)
        if finding is None:
            self._show(self.listener.rest())
        # A killed task has few seconds left, and its job's result no longer counts.
        self._receive(self.source.read() if self.attempt.kill_requested else self.source.remaining())
        self.listener.lines(self.output.finish(monotonic_now()))
        report = self.attempt.report
        newer = takeover.read(self.attempt.launch.workdir)
        cause = Cause.FINDING if finding is not None else self._cause(report, newer)
        return ClientEnding(
            cause=cause,
            exit_status=report["exit"] if report else None,
            channel_state=channel_state,
            has_launcher=self.attempt.launch.has_launcher,
            seconds=self.attempt.now,
            backstop=self.attempt.launch.backstop,
            finding=finding,
            autopsy=autopsy,
            evidence=evidence or self._evidence(cause),
            orphans=tuple(dict.fromkeys([*orphans, *(report["left"] if report else ())])),
            taken_over=newer if cause is Cause.TAKEN_OVER else None,
            asked_by=self.live.ender if self.live is not None and cause is Cause.FINDING else "",
        )

    def _evidence(self, cause: Cause) -> str:
        """The evidence; for a job that was ended only what it printed before, without the JVM's shutdown."""
        if cause is Cause.COMMAND_ENDED:
            return self.output.evidence(failed=True)
        return self.output.ended() if self._before_the_kill is None else self._before_the_kill

    def _follow(self) -> Finding | None:
        """Follow until the attempt is over, or a finding ends it."""
        finding = None
        while not self.attempt.over and finding is None:
            chunk = self.attempt.poll(_TICK)
            if self.attempt.kill_requested and self._before_the_kill is None:
                self._before_the_kill = self.output.evidence(failed=False)
            self._read_messages()
            self._consume(chunk)
            # An attempt that is over, or being ended, has no limits left. During an autopsy in observe mode
            # the watch does not look: only one tool at a time can stop a process.
            if not self._done and not self._is_examined() and not self._is_sampled():
                finding = self._asked() or self.watch.tick(self.attempt.now, self._channel_state)
                self._observed += self.watch.observed()
            self._display("running" if finding is None and not self._done else "ending")
        while self._observed:
            self._report_observed()
        return finding

    def _display(self, phase: Phase) -> None:
        if self.live is not None:
            self.live.show(self.attempt.now, self._channel_state, phase)

    def _asked(self) -> Finding | None:
        """The finding of a user who ends the attempt; other requests are answered."""
        if self.live is None:
            return None
        budget = self.attempt.launch.autopsy_budget
        return self.live.asked(self.attempt.now, self._channel_state, self.examiner, budget)

    def _is_sampled(self) -> bool:
        """Whether a stack sample that a user asked for still runs."""
        if self.live is None or not self.live.is_sampling:
            return False
        self._asked()
        return self.live.is_sampling

    def _is_examined(self) -> bool:
        """Whether an autopsy in observe mode still runs; once it is over, its finding is reported."""
        if not self._observed:
            return False
        if self._examination is None:
            finding, channel_state = self._observed[0], self._channel_state
            self._examination = Examination(
                lambda: self.examiner.observe(finding, channel_state), self.attempt.launch.autopsy_budget
            )
        if self._examination.over:
            self._report_observed()
        return bool(self._observed)

    def _report_observed(self) -> None:
        """Report the first finding, without an autopsy if the job has ended meanwhile."""
        autopsy = self._examination.autopsy if self._examination is not None else None
        finding, self._examination = self._observed.pop(0), None
        self.listener.observed(finding, autopsy, self.output.evidence(failed=False))

    @property
    def _done(self) -> bool:
        return self.attempt.over or self.attempt.kill_requested

    def _consume(self, chunk: bytes) -> None:
        self._show(self.listener.chunk(chunk) if chunk else chunk)

    def _show(self, chunk: bytes) -> None:
        self.watch.read_output(chunk)
        self.listener.lines(self.output.feed(chunk, monotonic_now()))

    def _record_only(self, chunk: bytes) -> None:
        self.listener.chunk(chunk)

    def _read_messages(self) -> None:
        self._receive(self.source.read())

    def _receive(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._channel_state.receive(message, self.attempt.now)
            self.listener.message(message)

    def _examine(self, finding: Finding) -> Autopsy | None:
        """Take the autopsy and keep reading: the output that it causes may exceed a pipe's buffer."""
        channel_state = self._channel_state
        examination = Examination(
            lambda: self.examiner.examine(finding, channel_state), self.attempt.launch.autopsy_budget
        )
        while not (examination.over or self._done):
            self._consume(self.attempt.poll(0.05))
        return examination.autopsy

    def _cancel(self) -> None:
        """Have the job's side cancel its Spark jobs, so that committers remove partial output."""
        if not self.attempt.launch.has_launcher or self._done:
            return
        with contextlib.suppress(OSError):
            self.attempt.launch.cancel.touch()
        limit = time.monotonic() + _CANCEL_TIME
        while time.monotonic() < limit and not (self._done or self._channel_state.ended_at):
            self._record_only(self.attempt.poll(0.05))
            self._read_messages()

    def _cause(self, report: ReaperReport | None, newer: Takeover | None) -> Cause:
        # A newer try ends reaper, JVM and Python at once: which ended first proves nothing.
        is_done = self._channel_state.bye or not self.attempt.launch.has_launcher
        if newer is not None and not (is_done and report and report["exit"] == 0):
            return Cause.TAKEN_OVER
        if self.attempt.kill_requested:
            return Cause.KILLED
        return Cause.REAPER_GONE if report is None else _CAUSES.get(report["reason"], Cause.KILLED)
