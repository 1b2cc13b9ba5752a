"""What an attempt says goes two ways: to the task log, as its user should read it, and to the record."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spark_guard.core.output.output import safe_text
from airflow_spark_guard.core.output.progress import Progress
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.stack.jvm_dump import JvmDumpSplitter
from airflow_spark_guard.core.watch.executor_heartbeat import is_heartbeat
from airflow_spark_guard.core.watch.stages import running_stages
from airflow_spark_guard.process import autopsy
from airflow_spark_guard.process.autopsy import Scene
from airflow_spark_guard.sources import log_page

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.core.failure.ending import Ending
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.stack.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.heard import Heard
    from airflow_spark_guard.core.watch.observation import Observation
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.record import NoRecord, Record
    from airflow_spark_guard.process.watch import Watch

# What the log and the steps after the autopsy need of its budget.
_MARGIN = 0.9
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
            self.log.info("%s", safe_text(f"Spark application {fields['application_id']}, UI at {ui}"))
        elif message.kind == "metric":
            text = ", ".join(f"{name}={value}" for name, value in fields["values"].items())
            self.log.info("%s", safe_text(text))
        elif message.kind == "warning":
            self.log.warning("%s", safe_text(fields["text"]))
        elif message.kind == "progress":
            text = self._progress.hear(fields["stages"], time.monotonic())
            if text:
                self.log.info("%s", safe_text(text))

    def notice(self, text: str) -> None:
        """Show what the watchdog has noticed."""
        self.log.warning("%s", text)

    def observation(self, seen: Observation) -> None:
        """Record one look."""
        self.record.observation(seen.to_json())

    def examine(self, finding: Finding, heard: Heard) -> Autopsy | None:
        """The autopsy of a job that is about to be ended."""
        self.log.warning("%s: %s Looking once more before it is ended.", finding.verdict, finding.what)
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
            stages=finding.stages or running_stages(driver, heard.inside),
            stuck=frozenset(finding.stuck),
            output=lambda: self._tail.decode(errors="replace"),
        )
        found = autopsy.take(scene, self.autopsy_budget * _MARGIN)
        self.record.autopsy(found.text)
        return found

    def ended(self, ending: Ending) -> None:
        """Show how it ended."""
        if ending.orphans:
            self.log.warning("Could not be proven gone: %s", ", ".join(ending.orphans))
        self.log.info(
            "Over after %s: %s, exit code %s, %s.",
            readable_duration(ending.seconds),
            ending.cause,
            "none" if ending.exit_status is None else ending.exit_status,
            f"{len(ending.orphans)} possible orphans" if ending.orphans else "no process left",
        )
