"""What an attempt says goes two ways: to the task log, as its user should read it, and to the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.attempt.marked_log import plain_log
from airflow_spark_guard.core.clock import monotonic_now
from airflow_spark_guard.core.failure.ending import found_error
from airflow_spark_guard.core.failure.observed_text import observed_text
from airflow_spark_guard.core.output.last_shown import LastShown
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import LevelOf
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.stacktraces.jvm_dump import JvmDumpSplitter
from airflow_spark_guard.core.watch.stages import running_stages
from airflow_spark_guard.process import autopsy
from airflow_spark_guard.process.autopsy import Scene
from airflow_spark_guard.sources import log_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from airflow_spark_guard.attempt.watch import Watch
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.ending import Ending
    from airflow_spark_guard.core.output.message_lines import MessageLine
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.heard import Heard
    from airflow_spark_guard.core.watch.observation import Executor, Observation
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.record import NoRecord, Record

# What the log and the steps after the autopsy need of its budget.
_MARGIN = 0.9
# Lines for messages where no output of the job is shown beside them.
_MESSAGES_ALONE = 10_000
# Of the output, for the stacks that workers of local[n] dump into it.
_TAIL = 64 * 1024


def _ignore(_: object, __: object) -> None:
    """Nobody wants to know."""


class TaskLogger(Protocol):
    """Airflow's logger of a task, as far as it is used here."""

    def info(self, event: str, /, *args: Any) -> Any:
        """Log at INFO."""

    def warning(self, event: str, /, *args: Any) -> Any:
        """Log at WARNING."""

    def error(self, event: str, /, *args: Any) -> Any:
        """Log at ERROR."""


@dataclass
class AttemptLog:
    """Listens to an attempt (``process/attempt.py``), and looks at it once more before it is ended.

    Args:
        log: of the task; the job's own output goes past its mark, if it has one.
        record: of the attempt.
        tag: of its processes.
        stacks: the file that the driver's Python dumps its stack to.
        autopsy_budget: seconds.
        budget: of lines for the job's messages, shared with its output.
        shown: the last lines of output in the task log.
        on_observed: takes what would have ended the attempt in observe mode, on the thread that follows it.
    """

    log: TaskLogger
    record: Record | NoRecord
    tag: Tag
    stacks: Path
    autopsy_budget: float
    watch: Watch | None = None
    _tail: bytes = b""
    _dumps: JvmDumpSplitter = field(default_factory=JvmDumpSplitter)
    budget: MessageBudget = field(default_factory=lambda: MessageBudget.beside(JobOutput(_MESSAGES_ALONE)))
    shown: LastShown = field(default_factory=LastShown)
    _messages: MessageLines = field(default_factory=MessageLines)
    _levels: LevelOf = field(default_factory=LevelOf)
    on_observed: Callable[[Finding, AttemptError], None] = _ignore
    _autopsies: list[str] = field(default_factory=list)

    def chunk(self, chunk: bytes) -> bytes:
        """Record the output; the JVM's thread dumps are for the autopsy alone."""
        self.record.output(chunk)
        self._tail = (self._tail + chunk)[-_TAIL:]
        return self._dumps.feed(chunk)

    def rest(self) -> bytes:
        """The output's last bytes."""
        return self._dumps.finish()

    def lines(self, lines: list[str]) -> None:
        """Show output, Spark's warnings and errors at their level."""
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
        """Show what the job says."""
        self._show(self._messages.lines(message, monotonic_now()))

    def _show(self, lines: Iterable[MessageLine]) -> None:
        for line in lines:
            take = self.budget.progress if line.is_progress else self.budget.take
            text = take(line.text, monotonic_now())
            if text is not None:
                log = self.log.warning if line.is_warning else self.log.info
                log("%s", text)

    def messages_end(self) -> None:
        """Show what waits, and how many messages were left out."""
        self._show(self._messages.rest())
        for text in self.budget.finish():
            self.log.info("%s", text)

    def notice(self, text: str) -> None:
        """Show what the watchdog has noticed."""
        self.log.warning("%s", text)

    def line(self, text: str) -> None:
        """Show what is worth knowing and wrong with nothing."""
        self.log.info("%s", text)

    def observation(self, seen: Observation) -> None:
        """Record one look; its stages' names are for the lines on progress."""
        self.record.observation(seen.to_json())
        if seen.driver is not None:
            self._messages.names({stage.key: stage.name for stage in seen.driver.stages})

    def examine(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that is about to be ended."""
        self.log.warning("%s: %s Looking once more before it is ended.", finding.verdict, finding.what)
        if self.watch is not None and self.watch.observer is not None:
            self.watch.observer.let_go()
        found = self._look(finding, heard)
        self.record.autopsy("\n\n".join((*self._autopsies, found.text)))
        return found

    def observe(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that goes on."""
        if self.watch is not None and self.watch.observer is not None:
            self.watch.observer.pause()
        found = self._look(finding, heard)
        self._autopsies.append(f"Observed after {readable_duration(finding.reached_at)}: {found.text}")
        self.record.autopsy("\n\n".join(self._autopsies))
        return found

    def observed(self, finding: Finding, autopsy: Autopsy | None, evidence: str) -> None:
        """Show what would have ended the job, as it would have been shown then."""
        error = found_error(finding, autopsy, evidence)
        error.record = self.record.place
        error.evidence_logged = self.shown.has(error.evidence)
        self.log.warning("%s", observed_text(error))
        self.on_observed(finding, error)

    def _look(self, finding: Finding, heard: Heard) -> Autopsy:
        observer = self.watch.observer if self.watch is not None else None
        driver = self.watch.driver if self.watch is not None else None
        scene = Scene(
            tag=self.tag,
            suspect=finding.suspect,
            stacks=self.stacks,
            driver_pid=heard.pid or None,
            rest=observer.rest if observer is not None else None,
            tail=log_page.tail,
            jvm_dump=lambda: self._dumps.dump,
            executors=driver.executors if driver is not None else (),
            others=partial(self._executors_at_the_master, heard),
            stages=finding.stages or running_stages(driver, heard.inside),
            stuck=frozenset(finding.stuck),
            output=lambda: self._tail.decode(errors="replace"),
        )
        return autopsy.take(scene, self.autopsy_budget * _MARGIN)

    def _executors_at_the_master(self, heard: Heard) -> Sequence[Executor]:
        """Those that a standalone master knows, the dead ones last; the driver may not know them."""
        if self.watch is None or self.watch.observer is None:
            return ()
        application = self.watch.application(heard)
        page = self.watch.observer.page_of(application) if application is not None else None
        return (*page.unended, *page.ended) if page is not None else ()

    def ended(self, ending: Ending) -> None:
        """Show how it ended."""
        self.messages_end()
        if ending.orphans:
            self.log.warning("Could not be proven gone: %s", ", ".join(ending.orphans))
        self.log.info(
            "Over after %s: %s, exit code %s, %s.",
            readable_duration(ending.seconds),
            ending.cause,
            "none" if ending.exit_status is None else ending.exit_status,
            _orphans(len(ending.orphans)) if ending.orphans else "no process left",
        )


def _orphans(number: int) -> str:
    return f"{number} possible orphan{'' if number == 1 else 's'}"
