"""Folds the events of a log into the history of an application, one by one, in little memory. No I/O.

Whatever the events say, nothing here raises: what makes no sense is left out, and named in ``missing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.core.history.event_gaps import Gaps
from airflow_spark_guard.core.history.event_time import EventClock, epoch
from airflow_spark_guard.core.history.executors_fold import ExecutorsFold
from airflow_spark_guard.core.history.jobs_fold import JobsFold
from airflow_spark_guard.core.history.model import ApplicationHistory, Sample
from airflow_spark_guard.core.history.sampling import Sampling
from airflow_spark_guard.core.history.sql_fold import SqlFold
from airflow_spark_guard.core.history.stages_fold import StagesFold
from airflow_spark_guard.core.text.masking import MASK, is_secret_key
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from airflow_spark_guard.core.history.model import StageHistory
    from airflow_spark_guard.core.history.stage_fold import StageFold

    class Watcher(Protocol):
        """Looks at the state of the fold at moments that it chooses."""

        due: int
        """The next of them, in milliseconds since the epoch."""

        def look(self, fold: EventFold, until: int) -> None:
            """Look at each moment that is due before ``until``, the time of the next event."""


_MOST_CONF = 5_000
_LONGEST_VALUE = 4_000
_LONGEST_NAME = 300


class EventFold:
    """The history of one application, as far as its log was read.

    Args:
        watcher: looks at the state between events, as one that had watched the application live.

    Attributes:
        clock: the newest time that the events name.
        started: the start of the application, in milliseconds since the epoch; None before it.
        ended: its end, likewise.
        exit_code: of its driver; None if unknown.
        id: Spark's application id.
        conf: Spark's configuration, as it is.
        gaps: what is missing.
    """

    def __init__(self, watcher: Watcher | None = None) -> None:
        self.clock = EventClock()
        self.started: int | None = None
        self.ended: int | None = None
        self.exit_code: int | None = None
        self.id = self._name = self._user = self._version = self._attempt = ""
        self.conf: dict[str, str] = {}
        self.gaps = Gaps()
        self.jobs, self.stages = JobsFold(), StagesFold()
        self.executors, self.sql = ExecutorsFold(), SqlFold()
        self._sampling = Sampling()
        self._watcher = watcher
        self._driver: kinds.Peaks | None = None
        self._takes: Mapping[type, Callable[[Any], None]] = {
            kinds.TaskStarted: self._task_started,
            kinds.TaskEnded: self._task_ended,
            kinds.StageSubmitted: self._stage_submitted,
            kinds.StageCompleted: self._stage_completed,
            kinds.JobStarted: self._job_started,
            kinds.JobEnded: self._job_ended,
            kinds.SqlStarted: self._sql_started,
            kinds.SqlPlanned: self.sql.plan,
            kinds.SqlEnded: self._sql_ended,
            kinds.DriverValues: self._driver_values,
            kinds.Peaks: self._peaks,
            kinds.ExecutorAdded: self._executor_added,
            kinds.ExecutorRemoved: self._executor_removed,
            kinds.Environment: self._environment,
            kinds.LogStarted: self._log_started,
            kinds.FileStarted: self._file_started,
            kinds.ApplicationStarted: self._application_started,
            kinds.ApplicationEnded: self._application_ended,
        }

    @property
    def cpus(self) -> int:
        """The cores that a task takes."""
        value = self.conf.get("spark.task.cpus", "1").strip()
        return (
            max(1, int(value)) if value.isascii() and value.isdecimal() and len(value) < len("10000") else 1
        )

    @property
    def begun(self) -> int | None:
        """The start of the application; of a log without it, once it has a job or a stage, its first time."""
        if self.started is not None or not (self.jobs.is_used or self.stages.is_used):
            return self.started
        return self.clock.first or None

    def take(self, event: kinds.Event) -> None:
        """Take the next event of the log."""
        if self.gaps.is_over and not isinstance(event, kinds.ApplicationStarted):
            self.gaps.foreign += 1
            return
        self._takes[type(event)](event)

    def history(self) -> ApplicationHistory:
        """The history so far."""
        held: dict[int, float] = {}
        for stage in self.stages.active.values():
            held.update(stage.values() if stage.values is not None else {})
        return ApplicationHistory(
            id=self.id,
            attempt=self._attempt,
            name=self._name,
            user=self._user,
            spark_version=self._version,
            started=epoch(self.started),
            ended=epoch(self.ended),
            exit_code=self.exit_code,
            first_seen=epoch(self.clock.first),
            last_seen=epoch(self.clock.now),
            conf=_shown(self.conf),
            jobs=self.jobs.history(self.sql.description),
            stages=self.stages.history(self._stage_history),
            executors=self.executors.history(self.cpus),
            executions=self.sql.history(held),
            samples=() if (last := self._sample()) is None else self._sampling.samples(last),
            missing=self.gaps.sentences(self),
        )

    def _tick(self, at: int) -> None:
        """Set the clock; the samples and the looks that are due before that see the state as it was."""
        if not self.clock.is_news(at):
            return
        if at >= self._sampling.due and (sample := self._sample()) is not None:
            self._sampling.take(sample)
        if self._watcher is not None and at > self._watcher.due:
            self._watcher.look(self, at)
        self.clock.move(at)

    def _sample(self) -> Sample | None:
        at = epoch(self.clock.now)
        if at is None:
            return None
        driver, running, cores = self._driver, self.stages.running, self.executors.cores(self.cpus)
        return Sample(
            at,
            # Spark may log the start of a slot's next task before the end of its last one.
            running=min(running, cores) if cores else running,
            cores=cores,
            done=self.stages.done,
            driver_jvm=(driver.jvm or None) if driver is not None else None,
            driver_python=(driver.python or None) if driver is not None else None,
            gc_s=self.executors.gc_ms / 1000,
        )

    def _stage_history(self, stage: StageFold) -> StageHistory:
        number = stage.key[0]
        call = self.jobs.call(number, stage.name, self.sql.description(stage.execution))
        return stage.history(self.jobs.of_stage(number), call)

    def _log_started(self, event: kinds.LogStarted) -> None:
        # One log after another in a file: what follows belongs to the second one.
        self.gaps.is_over = self.started is not None
        self._version = self._version or event.version[:_LONGEST_NAME]

    def _file_started(self, event: kinds.FileStarted) -> None:
        self._version = self._version or event.version[:_LONGEST_NAME]

    def _application_started(self, event: kinds.ApplicationStarted) -> None:
        if self.started is not None:
            self.gaps.another(event.id, is_mixed=not self.gaps.is_over)
            return
        self.id, self._name, self._user = event.id, event.name[:_LONGEST_NAME], event.user[:_LONGEST_NAME]
        self._attempt = event.attempt[:_LONGEST_NAME]
        self.started = event.at
        if self.clock.begin(event.at):
            self._sampling = Sampling()
        self._tick(event.at)

    def _application_ended(self, event: kinds.ApplicationEnded) -> None:
        self._tick(event.at)
        self.ended, self.exit_code = event.at, event.exit_code

    def _environment(self, event: kinds.Environment) -> None:
        self._set_conf(event.conf)

    def _set_conf(self, conf: Mapping[str, str]) -> None:
        for key, value in conf.items():
            if len(self.conf) < _MOST_CONF or key in self.conf:
                self.conf[key] = value[:_LONGEST_VALUE]

    def _executor_added(self, event: kinds.ExecutorAdded) -> None:
        self._tick(event.at)
        self.executors.add(event)

    def _executor_removed(self, event: kinds.ExecutorRemoved) -> None:
        self._tick(event.at)
        self.executors.remove(event)

    def _peaks(self, event: kinds.Peaks) -> None:
        self.executors.peak(event)
        if event.executor == "driver":
            self._driver = event

    def _job_started(self, event: kinds.JobStarted) -> None:
        self._tick(event.at)
        self.jobs.start(event)

    def _job_ended(self, event: kinds.JobEnded) -> None:
        self._tick(event.at)
        self.jobs.end(event)

    def _stage_submitted(self, event: kinds.StageSubmitted) -> None:
        if event.at is not None:
            self._tick(event.at)
        stage = self.stages.submit(event)
        if stage.execution is None:
            stage.execution = self.jobs.execution_of(event.stage)

    def _stage_completed(self, event: kinds.StageCompleted) -> None:
        if event.at is not None:
            self._tick(event.at)
        self.stages.complete(event)
        self.sql.hold(event.values())

    def _task_started(self, event: kinds.TaskStarted) -> None:
        self._tick(event.at)
        self.stages.start(event)
        self.executors.start(event.executor)

    def _task_ended(self, event: kinds.TaskEnded) -> None:
        self._tick(event.at)
        known = self.stages.end(event)
        self.executors.end(event, known=known)

    def _sql_started(self, event: kinds.SqlStarted) -> None:
        self._tick(event.at)
        self._set_conf(event.conf)
        self.sql.start(event)

    def _sql_ended(self, event: kinds.SqlEnded) -> None:
        self._tick(event.at)
        self.sql.end(event)

    def _driver_values(self, event: kinds.DriverValues) -> None:
        self.sql.hold(event.values)


def _shown(conf: Mapping[str, str]) -> dict[str, str]:
    """The configuration as it may be shown."""
    return {
        safe_text(key[:_LONGEST_NAME]): MASK if is_secret_key(key) else safe_text(value)
        for key, value in sorted(conf.items())
    }
