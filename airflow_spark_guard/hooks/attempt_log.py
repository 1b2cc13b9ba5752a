"""What an attempt says goes two ways: to the task log, as its user should read it, and to the record."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.core.output.message_lines import MessageLines
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.progress import Progress
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.stack.jvm_dump import JvmDumpSplitter
from airflow_spark_guard.core.watch.executor_heartbeat import is_heartbeat
from airflow_spark_guard.core.watch.stages import running_stages
from airflow_spark_guard.process import autopsy
from airflow_spark_guard.process.autopsy import Scene
from airflow_spark_guard.sources import log_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from airflow_spark_guard.core.failure.ending import Ending
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stack.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.heard import Heard
    from airflow_spark_guard.core.watch.observation import Executor, Observation
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.record import NoRecord, Record
    from airflow_spark_guard.process.watch import Watch

# What the log and the steps after the autopsy need of its budget.
_MARGIN = 0.9
# Lines for messages where no output of the job is shown beside them.
_MESSAGES_ALONE = 10_000
# Of the output, for the stacks that workers of local[n] dump into it.
_TAIL = 64 * 1024


class TaskLogger(Protocol):
    """Airflow's logger of a task, as far as it is used here."""

    def info(self, event: str, /, *args: Any) -> Any:
        """Log at INFO."""

    def warning(self, event: str, /, *args: Any) -> Any:
        """Log at WARNING."""


@dataclass
class AttemptLog:
    """Listens to an attempt (``process/attempt.py``), and looks at it once more before it is ended.

    Args:
        log: of the task.
        record: of the attempt.
        tag: of its processes.
        stacks: the file that the driver's Python dumps its stack to.
        autopsy_budget: seconds.
        messages: decides which of the job's messages are shown.
    """

    log: TaskLogger
    record: Record | NoRecord
    tag: Tag
    stacks: Path
    autopsy_budget: float
    watch: Watch | None = None
    _tail: bytes = b""
    _dumps: JvmDumpSplitter = field(default_factory=JvmDumpSplitter)
    _progress: Progress = field(default_factory=Progress)
    messages: MessageLines = field(default_factory=lambda: MessageLines.beside(JobOutput(_MESSAGES_ALONE)))

    def chunk(self, chunk: bytes) -> bytes:
        """Record the output; the JVM's thread dumps are for the autopsy alone."""
        self.record.output(chunk)
        self._tail = (self._tail + chunk)[-_TAIL:]
        return self._dumps.feed(chunk)

    def rest(self) -> bytes:
        """The output's last bytes."""
        return self._dumps.finish()

    def lines(self, lines: list[str]) -> None:
        """Show output, without what executors have written for us."""
        for line in lines:
            if not is_heartbeat(line):
                self.log.info("%s", line)

    def message(self, message: Message) -> None:
        """Show what the job says."""
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            ui = fields.get("ui_url") or "none"
            self._show(f"Spark application {fields['application_id']}, UI at {ui}")
        elif message.kind == "metric":
            skipped = (
                f" (the newest; {fields['skipped']} before it were left out)" if "skipped" in fields else ""
            )
            self._show(", ".join(f"{name}={value}" for name, value in fields["values"].items()) + skipped)
        elif message.kind == "warning":
            self._show(fields["text"], self.log.warning)
        elif message.kind == "progress":
            text = self._progress.hear(fields["stages"], time.monotonic())
            if text:
                self._show(text)

    def _show(self, text: str, log: Callable[..., Any] | None = None) -> None:
        line = self.messages.take(text, time.monotonic())
        if line is not None:
            (log or self.log.info)("%s", line)

    def messages_end(self) -> None:
        """Show how many messages were left out."""
        for line in self.messages.finish():
            self.log.info("%s", line)

    def notice(self, text: str) -> None:
        """Show what the watchdog has noticed."""
        self.log.warning("%s", text)

    def line(self, text: str) -> None:
        """Show what is worth knowing and wrong with nothing."""
        self.log.info("%s", text)

    def observation(self, seen: Observation) -> None:
        """Record one look."""
        self.record.observation(seen.to_json())

    def examine(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that is about to be ended."""
        self.log.warning("%s: %s Looking once more before it is ended.", finding.verdict, finding.what)
        observer = self.watch.observer if self.watch is not None else None
        driver = self.watch.driver if self.watch is not None else None
        if observer is not None:
            observer.let_go()
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
        found = autopsy.take(scene, self.autopsy_budget * _MARGIN)
        self.record.autopsy(found.text)
        return found

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
            f"{len(ending.orphans)} possible orphans" if ending.orphans else "no process left",
        )
