"""What an attempt reports goes to the task log, in a form for its users, and to the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.attempt.marked_log import plain_log
from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.core.clock import monotonic_now
from airflow_spark_guard.core.failure.client_ending import found_error
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.failure.observed_text import observed_text
from airflow_spark_guard.core.instruments.instrument import Instrument
from airflow_spark_guard.core.output.last_shown import LastShown
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import LevelOf
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.stacktraces.jvm_dump import JvmDumpSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spark_guard.attempt.summary import Summary
    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.client_ending import ClientEnding
    from airflow_spark_guard.core.live.state import LiveState
    from airflow_spark_guard.core.output.message_lines import MessageLine
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.observation import Observation
    from airflow_spark_guard.process.record import NoRecord, Record

# Lines for messages when no output of the job is shown.
_MESSAGES_ALONE = 10_000
# Of the output, for the stacks that local[n]'s workers dump into it.
_TAIL = 64 * 1024


class TaskLogger(Protocol):
    """The part of a task logger that the guard uses."""

    def info(self, event: str, /, *args: Any) -> Any:
        """Log at INFO."""

    def warning(self, event: str, /, *args: Any) -> Any:
        """Log at WARNING."""

    def error(self, event: str, /, *args: Any) -> Any:
        """Log at ERROR."""


@dataclass
class AttemptLog:
    """Writes the reports of one attempt's job and guard to the task log and to the record.

    Args:
        log: of the task; the job's own output gets no mark.
        record: of the attempt.
        budget: of lines for the job's messages, shared with its output.
        shown: the last lines of output in the task log.
        summary: receives observations for its account, and what would have ended the attempt in observe
            mode; None if it has another writer.
        on_observed: takes its exception, on the thread that runs the attempt.
        live: shows observations, warnings and measurements to those who look at the attempt; None without it.

    Attributes:
        tail: the last 64 KiB of output.
    """

    log: TaskLogger
    record: Record | NoRecord
    tail: bytes = b""
    _dumps: JvmDumpSplitter = field(default_factory=JvmDumpSplitter)
    budget: MessageBudget = field(default_factory=lambda: MessageBudget.beside(JobOutput(_MESSAGES_ALONE)))
    shown: LastShown = field(default_factory=LastShown)
    _messages: MessageLines = field(default_factory=MessageLines)
    _levels: LevelOf = field(default_factory=LevelOf)
    summary: Summary | None = None
    on_observed: Callable[[AttemptError], None] = ignore
    live: LiveState | None = None

    def chunk(self, chunk: bytes) -> bytes:
        """Record the output; returns it without the JVM's thread dumps, which are for the autopsy alone."""
        self.record.output(chunk)
        self.tail = (self.tail + chunk)[-_TAIL:]
        return self._dumps.feed(chunk)

    def rest(self) -> bytes:
        """The output's last bytes."""
        return self._dumps.finish()

    @property
    def jvm_dump(self) -> str:
        """The newest thread dump of the JVM in the output; empty if there is none."""
        return self._dumps.dump

    def lines(self, lines: list[str]) -> None:
        """Show output; Spark's warnings and errors keep their level."""
        log = plain_log(self.log)
        for line in lines:
            self.shown.add(line)
            level = self._levels.line(line)
            if level == "WARN":
                log.warning("%s", line)
            elif level in {"ERROR", "FATAL"}:
                log.error("%s", line)
            else:
                log.info("%s", line)

    def message(self, message: Message) -> None:
        """Show a message of the job; what its instruments have measured is recorded."""
        measured, lines = Instrument.of(message), self._messages.lines(message, monotonic_now())
        if measured is not None:
            self.record.instrument(measured.to_json())
        self._show(lines)
        if self.live is not None:
            self.live.take(measured, (line.text for line in lines if line.is_warning))

    def _show(self, lines: Iterable[MessageLine]) -> None:
        for line in lines:
            take = self.budget.progress if line.is_progress else self.budget.take
            text = take(line.text, monotonic_now())
            if text is not None:
                log = self.log.warning if line.is_warning else self.log.info
                log("%s", text)

    def messages_end(self) -> None:
        """Show the messages held back, and how many were left out."""
        self._show(self._messages.rest())
        for text in self.budget.finish():
            self.log.info("%s", text)

    def notice(self, text: str) -> None:
        """Show a warning of the watchdog."""
        self.log.warning("%s", text)
        if self.live is not None:
            self.live.warn(text)

    def line(self, text: str) -> None:
        """Show information that is not a warning."""
        self.log.info("%s", text)

    def observation(self, seen: Observation) -> None:
        """Record an observation; progress lines use its names of stages."""
        self.record.observation(seen.to_json())
        if self.summary is not None:
            self.summary.observe(seen)
        if self.live is not None:
            self.live.observe(seen)
        if seen.driver is not None:
            self._messages.names({stage.key: stage.name for stage in seen.driver.stages})

    def observed(
        self,
        finding: Finding,
        autopsy: Autopsy | None = None,
        evidence: str = "",
        *,
        launched_at: EpochTime | None = None,
        is_shown: bool = False,
    ) -> None:
        """Show, record and report what would have ended the job (observe mode).

        Args:
            finding: of the watch.
            autopsy: of the job; None if there was none.
            evidence: the relevant part of its output.
            launched_at: when the application was submitted; None for the attempt's start.
            is_shown: whether a trigger has shown it.
        """
        error = found_error(finding, autopsy, evidence)
        error = evolved(error, record=self.record.place, evidence_logged=self.shown.has(error.evidence))
        if not is_shown:
            self.log.warning("%s", observed_text(error))
        if self.summary is not None:
            self.summary.observed(finding, error, launched_at)
        self.on_observed(error)

    def ended(self, ending: ClientEnding) -> None:
        """Show how the attempt ended."""
        self.messages_end()
        if ending.orphans:
            self.log.warning("Could not confirm termination of: %s", ", ".join(ending.orphans))
        self.log.info(
            "Finished after %s: %s, exit code %s, %s.",
            readable_duration(ending.seconds or 0.0),
            ending.how,
            "none" if ending.exit_status is None else ending.exit_status,
            _orphans(len(ending.orphans)) if ending.orphans else "no processes left",
        )


def _orphans(number: int) -> str:
    return f"{number} possible orphan{'' if number == 1 else 's'}"
