"""Cluster mode of ``SafeSparkSubmitHook``: from what the hook was given to a submission, a watch, a kill."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.cluster_connection import connection_of
from airflow_spark_guard.attempt.cluster_handover import ClusterAttempt, check_not_killed
from airflow_spark_guard.attempt.cluster_leftovers import earlier
from airflow_spark_guard.attempt.cluster_run import ClusterRun
from airflow_spark_guard.attempt.cluster_summary import ClusterSummary
from airflow_spark_guard.attempt.log import AttemptLog
from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK
from airflow_spark_guard.core.cluster.trigger_event import ending_of, watched_by
from airflow_spark_guard.core.errors import AttemptError, ProtocolError, SparkGuardError
from airflow_spark_guard.core.output.message_budget import MessageBudget
from airflow_spark_guard.core.output.output import JobOutput
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.quantity import size_in_bytes
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.hooks.settings import spark_log_level
from airflow_spark_guard.hooks.supervisor import supervisor_pid
from airflow_spark_guard.process.record import NoRecord, Record
from airflow_spark_guard.process.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spark_guard.attempt.cluster_connection import ClusterConnection
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
    from airflow_spark_guard.core.cluster.place import ClusterPlace
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook

_IN_THE_IMAGE = "local:"
# Seconds to end an application in, where Airflow's own clock has run out.
_PATIENCE_INTERRUPTED = 3.0


def _ignore(_: object) -> None:
    """Nobody wants to know."""


def submit(
    hook: SafeSparkSubmitHook,
    submission: Submission,
    workspace: Workspace,
    application: str,
    tell: Callable[[Application], None],
) -> Any:
    """Submit and watch, or leave the watch to a trigger; sets ``hook.result`` or ``hook.waiting``.

    Args:
        hook: what was asked for.
        submission: the same with everything found.
        workspace: for the files of spark-submit.
        application: the script, jar or R file.
        tell: takes the application as soon as it is known.

    Raises:
        BadInputError: something is wrong that can be told before anything starts.
        AttemptError: the attempt is no success.
    """
    with _opened(hook, connection_of(hook, submission.conf.plain()), recorded=True) as mode:
        mode.on_application = tell
        found = mode.submit(submission, workspace, application)
    if isinstance(found, Waiting):
        hook.waiting = found
    else:
        hook.result = found
    return hook.result


def resume(hook: SafeSparkSubmitHook, event: object, **kwargs: Any) -> Any:
    """Finish what a trigger has watched; sets ``hook.result``.

    Args:
        hook: as it was when the job was submitted.
        event: of the trigger.
        **kwargs: ``job`` and ``place``, as the task was deferred with them; without them the event says it.

    Raises:
        AttemptError: the attempt is no success, or the event does not say what it is.
    """
    watched = watched_by(event, **kwargs)
    if watched is None:
        raise _unusable(event, cancel(hook))
    job, place = watched
    try:
        connection = replace(connection_of(hook, {}), place=place)
        with _opened(hook, connection, recorded=False) as mode:
            hook.result = mode.resume(job, event)
    finally:
        hook.run_post_submit_commands()
    return hook.result


def cancel(hook: SafeSparkSubmitHook) -> tuple[str, ...]:
    """End whatever of this task runs on the cluster; what could not be proven gone."""
    workspace = Workspace(hook.tag.task)
    try:
        conf = hook.plan(workspace).conf.plain()
        with _opened(hook, connection_of(hook, conf), recorded=False) as mode:
            return mode.cancel()
    finally:
        workspace.remove()
        hook.run_post_submit_commands()


@contextlib.contextmanager
def _opened(
    hook: SafeSparkSubmitHook, connection: ClusterConnection, *, recorded: bool
) -> Iterator[ClusterMode]:
    """Cluster mode for as long as the context lasts, reached by the hook's ``on_kill``."""
    recording = hook.record if recorded else None
    record = Record(recording, size_in_bytes(hook.limits.record_size)) if recording else NoRecord()
    with record:
        run = ClusterRun(connection, hook.limits, hook.backstop, hook.guard_log, _ignore, supervisor_pid())
        mode = ClusterMode(hook, connection, run, record)
        run.tell, run.budget, run.on_observed = mode.hear, hook.budget, mode.take_observed
        hook.cluster = mode
        run.killed = hook.killed
        try:
            with contextlib.closing(run):
                yield mode
        finally:
            hook.cluster = None
            mode.close()


@dataclass(frozen=True)
class Waiting:
    """A job that is left to a trigger: all that the trigger and the resumed task have to know.

    Attributes:
        job: the application.
        place: who is asked about it.
        pause: seconds between two looks.
    """

    job: ClusterJob
    place: ClusterPlace
    pause: float


@dataclass
class ClusterMode:
    """What one process does for one attempt.

    Args:
        hook: what was asked for.
        connection: to the cluster.
        run: the watch.
        record: of the attempt.
    """

    hook: SafeSparkSubmitHook
    connection: ClusterConnection
    run: ClusterRun
    record: Record | NoRecord
    on_application: Callable[[Application], None] = _ignore
    _messages: AttemptLog | None = None
    _output: JobOutput = field(init=False)
    _summary: ClusterSummary = field(init=False)

    def __post_init__(self) -> None:
        self._summary = ClusterSummary(self.record)
        self._output = JobOutput(int(self.hook.limits.log_lines), SparkFilter(spark_log_level()))

    def submit(self, submission: Submission, workspace: Workspace, application: str) -> Any:
        """Submit, or take over what an earlier try has submitted; then watch, or leave that to a trigger.

        Returns:
            The result that the job reports, or a :class:`Waiting` where the hook is ``deferrable``.

        Raises:
            BadInputError: something is wrong that can be told before anything starts.
            AttemptError: the attempt is no success.
        """
        hook = self.hook
        in_the_image = application.startswith(_IN_THE_IMAGE)
        check_application(application, hook.java_class, (lambda _: True) if in_the_image else Path.exists)
        supervisor = (self.run.supervisor,) if self.run.supervisor else ()
        log = self._messages = self._log(workspace)
        attempt = ClusterAttempt(submission, workspace, self.run, hook.tag, log, self._output, supervisor)
        is_python = hook.java_class is None and application.endswith(".py")
        speaks = attempt.can_speak(is_python=is_python)
        directory = self.connection.directory(self.connection.channel_of(hook.tag.attempt) if speaks else "")
        if directory is not None:
            directory.check()
        with self._summarised(submission):
            job = earlier(self.run, adopt=hook.adopt, speaks=speaks)
            if job is None:
                check_not_killed(self.run)
                words = [application, *hook.arguments]
                job = self._handed_over(attempt, words, speaks=speaks)
            self.run.take(job)
            self._announce(job)
            if hook.deferrable and not self.run.killed:
                return Waiting(job, self.connection.place, self.run.pause or 0.0)
            return self.run.watch(job)

    def resume(self, job: ClusterJob, event: object) -> Any:
        """Finish what a trigger has watched; the result that the job reports.

        Raises:
            AttemptError: the attempt is no success, or the trigger's event does not say what it is.
        """
        try:
            ending = ending_of(event)
        except ProtocolError as error:
            raise _unusable(event, self.run.end(job.application_id)) from error
        return self.run.finish(job, ending)

    def cancel(self) -> tuple[str, ...]:
        """End whatever of this task runs on the cluster; what could not be proven gone."""
        return self.run.end_marked(TASK_MARK, self.connection.marks.task)

    def hear(self, message: Message) -> None:
        """A message of the job."""
        if self._messages is None:
            self._messages = self._log(None)
        self._messages.message(message)
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            self.on_application(Application(str(fields["application_id"]), str(fields.get("ui_url") or "")))

    def take_observed(self, finding: Finding, error: AttemptError) -> None:
        """What would have ended the application, in observe mode; it is logged already."""
        error.record = self.record.place
        self._summary.observed(finding, error, self.run.now)
        if self.hook.on_observed is not None:
            self.hook.on_observed(error)

    def close(self) -> None:
        """Say what of the job's messages was not shown."""
        if self._messages is not None:
            self._messages.messages_end()

    def _handed_over(self, attempt: ClusterAttempt, words: list[str], *, speaks: bool) -> ClusterJob:
        try:
            return attempt.submit(words, speaks=speaks, on_start=self.hook.submitting)
        except SparkGuardError:  # it has looked after itself
            raise
        except BaseException:  # a time-out of Airflow's, while or after the application was handed over
            mark = self.connection.marks.attempt
            for orphan in self.run.end_marked(ATTEMPT_MARK, mark, _PATIENCE_INTERRUPTED):
                self.hook.guard_log.warning("Could not be proven gone: %s", orphan)
            raise

    def _announce(self, job: ClusterJob) -> None:
        """YARN's id is Spark's own; of a pod, the job itself says which application it is."""
        status = (
            self.run.status(job.application_id) if job.application_id.startswith("application_") else None
        )
        if status is not None:
            self.on_application(Application(job.application_id, status.ui_url))

    def _log(self, workspace: Workspace | None) -> AttemptLog:
        stacks = workspace.stacks if workspace is not None else Path()
        budget = MessageBudget.beside(self._output)
        return AttemptLog(self.hook.guard_log, self.record, self.hook.tag, stacks, 0.0, budget=budget)

    @contextlib.contextmanager
    def _summarised(self, submission: Submission) -> Iterator[None]:
        self._summary.begin(self.hook.limits, submission)
        try:
            yield
        except BaseException as raised:
            self._summary.failed(raised)
            if isinstance(raised, AttemptError):
                raised.record = self.record.place
            raise
        self._summary.ended("deferred" if self.hook.deferrable else "success")


def _unusable(event: object, orphans: tuple[str, ...]) -> AttemptError:
    return AttemptError(
        "The trigger's event does not say how the application ended; it was ended now.",
        got=safe_text(repr(event))[:200],
        expected="an event of ClusterApplicationTrigger, of this version",
        advice="Triggerer and worker run different versions of this package, or something else sent it.",
        orphans=orphans,
    )
