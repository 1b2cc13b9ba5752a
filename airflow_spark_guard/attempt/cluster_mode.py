"""One attempt in cluster mode: submitted and watched here, or deferred to a trigger and finished later."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.cluster_handover import ClusterAttempt
from airflow_spark_guard.attempt.cluster_leftovers import earlier
from airflow_spark_guard.attempt.cluster_live import ClusterLive
from airflow_spark_guard.attempt.cluster_run import ClusterRun
from airflow_spark_guard.attempt.live import requests_of
from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.attempt.recorded import recorded
from airflow_spark_guard.attempt.spec import Finished
from airflow_spark_guard.attempt.summary import Summary
from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.cluster.cluster_job import DeferredJob
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK
from airflow_spark_guard.core.cluster.trigger_event import ending_of, watched_by
from airflow_spark_guard.core.errors import AttemptError, SparkGuardError, TriggerEventError
from airflow_spark_guard.core.failure.evolved import evolved, raise_instead
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.quantity import whole_number
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.process.record import NoRecord, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.attempt.cluster_connection import ClusterConnection
    from airflow_spark_guard.attempt.spec import AttemptSpec, Job
    from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
    from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.watch.finding import Finding

_IN_THE_IMAGE = "local:"
# Seconds to end an application after Airflow's own timeout.
_PATIENCE_INTERRUPTED = 3.0


def run(
    spec: AttemptSpec,
    job: Job,
    connection: ClusterConnection,
    *,
    deferrable: bool = False,
    adopt: bool = False,
) -> Finished | DeferredJob:
    """Submit, or take over an earlier try's application; then watch it, or defer that to a trigger.

    Args:
        spec: the attempt.
        job: what is submitted.
        connection: to the cluster.
        deferrable: whether a trigger watches the application.
        adopt: whether to take over an application that an earlier try left running; else it is ended.

    Raises:
        BadInputError: a mistake found before anything starts.
        AttemptError: the attempt is not a success.
    """
    with recorded(spec) as record:
        summary = Summary(record, "cluster", spec.limits, job.submission)
        with _opened(spec, connection, record, summary) as mode:
            return mode.submit(job, deferrable=deferrable, adopt=adopt)


def resume(spec: AttemptSpec, connection: ClusterConnection, event: object, **watched: object) -> Finished:
    """Finish an attempt that a trigger has watched.

    Args:
        spec: the attempt, as it was when the job was submitted.
        connection: to the cluster; the deferred task names its manager.
        event: of the trigger.
        **watched: ``job`` and ``place`` that the task was deferred with; without them the event has them.

    Raises:
        AttemptError: the attempt is not a success, or the event does not say how it ended.
    """
    known = watched_by(event, **watched)
    if known is None:
        raise _unusable(event, cancel(spec, connection))
    job, place = known
    with _opened(spec, replace(connection, place=place), NoRecord()) as mode:
        return mode.resume(job, event)


def cancel(spec: AttemptSpec, connection: ClusterConnection) -> tuple[str, ...]:
    """End all applications of this task on the cluster; returns what could not be confirmed as ended."""
    with _opened(spec, connection, NoRecord()) as mode:
        return mode.cancel()


@contextlib.contextmanager
def _opened(
    spec: AttemptSpec,
    connection: ClusterConnection,
    record: Record | NoRecord,
    summary: Summary | None = None,
) -> Iterator[ClusterMode]:
    """Cluster mode, connected to the kill switch while the context lasts."""
    mode = ClusterMode(spec, connection, record, summary)
    with contextlib.closing(mode.run):
        spec.kill_switch.connect(mode.run)
        try:
            yield mode
        finally:
            spec.kill_switch.disconnect(mode.run)
            mode.log.messages_end()


@dataclass
class ClusterMode:
    """The part of one attempt that runs in this process.

    Args:
        spec: the attempt.
        connection: to the cluster.
        record: of the attempt.
        summary: of the attempt; None if another process has written it.
    """

    spec: AttemptSpec
    connection: ClusterConnection
    record: Record | NoRecord
    summary: Summary | None = None
    run: ClusterRun = field(init=False)
    log: AttemptLog = field(init=False)
    _output: JobOutput = field(init=False)

    def __post_init__(self) -> None:
        reporting = self.spec.reporting
        budget = whole_number(self.spec.limits.log_lines)
        self._output = JobOutput(budget, SparkFilter(reporting.spark_log_level))
        state = LiveState(self.spec.deadline)
        self.log = AttemptLog(
            reporting.log,
            self.record,
            budget=MessageBudget.beside(self._output),
            summary=self.summary,
            on_observed=reporting.on_observed,
            live=state,
        )
        live = ClusterLive(self.record, state, requests_of(self.record))
        self.run = ClusterRun(self.spec, self.connection, self._message, self._observed, self._ended, live)

    def submit(self, job: Job, *, deferrable: bool, adopt: bool) -> Finished | DeferredJob:
        """Submit, or take over an earlier try's application; then watch it, or defer that to a trigger."""
        program = job.program
        in_the_image = program.path.startswith(_IN_THE_IMAGE)
        check_application(program.path, program.java_class, (lambda _: True) if in_the_image else Path.exists)
        attempt = ClusterAttempt(job, self.run, self.log, self._output)
        has_launcher = attempt.can_speak()
        tag = self.spec.tag.attempt
        directory = self.connection.directory(self.connection.channel_of(tag) if has_launcher else "")
        if directory is not None:
            directory.check()
        with self._summarised():
            submitted = earlier(self.run, adopt=adopt, has_launcher=has_launcher)
            if submitted is None:
                self.spec.kill_switch.check()
                submitted = self._handed_over(attempt, has_launcher=has_launcher)
            self.run.take(submitted)
            self._announce(submitted)
            if deferrable and not self.run.killed:
                if self.summary is not None:
                    self.summary.write("deferred", application_id=submitted.application_id)
                return DeferredJob(submitted, self.connection.place, self.run.pause)
            return Finished(self.run.watch(submitted))

    def resume(self, job: ClusterJob, event: object) -> Finished:
        """Finish an attempt that a trigger has watched."""
        try:
            ending = ending_of(event)
        except TriggerEventError as error:
            raise _unusable(event, self.run.end(job.application_id)) from error
        self.run.take(job)
        for finding in ending.observed:
            self.log.observed(finding, is_shown=True)
        return Finished(self.run.finish(job, ending))

    def cancel(self) -> tuple[str, ...]:
        """End all applications of this task on the cluster; returns what could not be confirmed as ended."""
        return self.run.end_marked(TASK_MARK, self.connection.marks.task)

    def _message(self, message: Message) -> None:
        self.log.message(message)
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            found = Application(str(fields["application_id"]), str(fields.get("ui_url") or ""))
            self.spec.reporting.on_application(found)

    def _observed(self, finding: Finding, job: ClusterJob) -> None:
        self.log.observed(finding, launched_at=job.submitted_at)

    def _ended(self, ending: ClusterEnding, error: AttemptError | None, job: ClusterJob) -> None:
        if self.summary is not None:
            self.summary.ended(ending, error, job.application_id, job.submitted_at)

    def _handed_over(self, attempt: ClusterAttempt, *, has_launcher: bool) -> ClusterJob:
        try:
            return attempt.submit(has_launcher=has_launcher)
        except SparkGuardError:  # raised after its own clean-up
            raise
        except BaseException:  # Airflow's timeout, during or after the submission
            mark = self.connection.marks.attempt
            for orphan in self.run.end_marked(ATTEMPT_MARK, mark, _PATIENCE_INTERRUPTED):
                self.spec.reporting.log.warning("Could not confirm termination of: %s", orphan)
            raise

    def _announce(self, job: ClusterJob) -> None:
        """If the manager's id is not Spark's own, the job itself reports its application."""
        status = self.run.status(job.application_id) if self.connection.place.has_spark_ids else None
        if status is not None:
            self.spec.reporting.on_application(Application(job.application_id, status.ui_url))

    @contextlib.contextmanager
    def _summarised(self) -> Iterator[None]:
        if self.summary is None:
            yield
            return
        self.summary.write("running")
        try:
            yield
        except BaseException as raised:
            if not self.summary.has_ended:
                self.summary.broken_off(raised)
            if isinstance(raised, AttemptError):
                raise_instead(evolved(raised, record=self.record.place))
            raise


def _unusable(event: object, orphans: tuple[str, ...]) -> AttemptError:
    return AttemptError(
        "The trigger's event does not say how the application ended; the guard has ended it.",
        got=safe_text(repr(event))[:200],
        expected="an event of ClusterApplicationTrigger from this version",
        advice="Install one version of this package on triggerer and worker, or look for who sent the event.",
        orphans=orphans,
    )
