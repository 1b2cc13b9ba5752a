"""A guarded run in cluster mode: watch, end, proof, and the exception."""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.attempt.storable_result import storable_result
from airflow_spark_guard.core.clock import EpochTime, MonotonicTime, epoch_now, since
from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import ClusterWatch
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.quantity import readable_duration, seconds
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.channel_directory import ChannelDirectory
    from airflow_spark_guard.attempt.cluster_connection import ClusterConnection
    from airflow_spark_guard.attempt.cluster_live import ClusterLive
    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.attempt.spec import AttemptSpec
    from airflow_spark_guard.core.cluster.status import ClusterStatus
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.protocol import Message
    from airflow_spark_guard.core.watch.finding import Finding

# Seconds between two polls of the manager, at most; and between two checks of our own supervisor.
_LONGEST_PAUSE = 10.0
_TICK = 0.2
# Seconds to confirm an end. Airflow gives a killed task 5 s in all, and the handler needs part of them.
PROOF_PATIENCE = 30.0
_PROOF_PATIENCE_KILLED = 1.5
_HANDLER_PATIENCE = 2.0
# After the end, messages may still be on their way through the store; many of them take longer to read.
_LAST_MESSAGES, _LAST_FLOOD = 10.0, 300.0


@dataclass
class ClusterRun:
    """One attempt, as the process that watches it sees it.

    Args:
        spec: the attempt.
        connection: to the cluster.
        on_message: takes each message of the job.
        on_observed: takes what would have ended it in observe mode, and the job.
        on_ended: takes how it ended, the exception (None for a success), and the job.
        live: serves those who look at it meanwhile; None if there is no record.
    """

    spec: AttemptSpec
    connection: ClusterConnection
    on_message: Callable[[Message], None] = ignore
    on_observed: Callable[[Finding, ClusterJob], None] = ignore
    on_ended: Callable[[ClusterEnding, AttemptError | None, ClusterJob], None] = ignore
    live: ClusterLive | None = None
    killed: bool = field(default=False, init=False)
    _job: ClusterJob | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.source = self.connection.source()
        # A signal's handler may need the manager while the source waits for an answer, and has less time.
        self._killer = self.connection.source(timeout=_HANDLER_PATIENCE / 3)
        self.pause = min(_LONGEST_PAUSE, seconds(self.limits.poll_interval))

    @property
    def limits(self) -> GuardLimits:
        """The attempt's limits."""
        return self.spec.limits

    @property
    def log(self) -> TaskLogger:
        """The task's logger."""
        return self.spec.reporting.log

    @property
    def manager(self) -> str:
        """The manager's name in messages."""
        return self.connection.place.title

    def close(self) -> None:
        """Close the connections."""
        if self.live is not None:
            self.live.close()
        self.source.close()
        self._killer.close()

    def job(
        self, application_id: str, attempt: str, submitted_at: EpochTime, *, has_launcher: bool
    ) -> ClusterJob:
        """The job of an application that was submitted at that time."""
        return ClusterJob(
            application_id,
            attempt,
            submitted_at,
            EpochTime(submitted_at + self.spec.budget),
            start=seconds(self.limits.start_timeout),
            exit=seconds(self.limits.exit_timeout),
            channel=self.connection.channel_of(attempt) if has_launcher else "",
            observe=self.limits.observes,
            last_at=EpochTime(submitted_at + self.spec.backstop)
            if math.isfinite(self.spec.backstop)
            else None,
        )

    def find(self, mark: str, value: str) -> tuple[ClusterStatus, ...]:
        """The active applications with this mark; empty if the manager does not answer."""
        with contextlib.suppress(UnusableAnswerError):
            return self.source.find(mark, value)
        return ()

    def status(self, application_id: str) -> ClusterStatus | None:
        """The application's status; None if the manager does not answer."""
        with contextlib.suppress(UnusableAnswerError):
            return self.source.status(application_id)
        return None

    def end(self, application_id: str, patience: float = PROOF_PATIENCE) -> tuple[str, ...]:
        """End an application; returns what could not be confirmed as ended."""
        reason = self.source.end(application_id, patience)
        return (f"{application_id} ({reason})",) if reason else ()

    def end_marked(self, mark: str, value: str, patience: float = PROOF_PATIENCE) -> tuple[str, ...]:
        """End every active application with this mark; returns what could not be confirmed as ended."""
        try:
            found = self.source.find(mark, value)
        except UnusableAnswerError as error:
            return (f"all applications with the mark {mark}-{value} ({error})",)
        return tuple(orphan for one in found for orphan in self.end(one.application_id, patience))

    def take(self, job: ClusterJob) -> None:
        """Make this the application that a kill ends."""
        self._job = job

    def request_kill(self) -> None:
        """Have the manager end it. For a signal's handler: takes at most 2 s and logs nothing."""
        self.killed = True
        if self._job is not None:
            self._killer.end(self._job.application_id, _HANDLER_PATIENCE)

    def watch(self, job: ClusterJob) -> Any:
        """Watch it to its end; returns the result that the job reported.

        Raises:
            AttemptError: the attempt is not a success.
        """
        self.take(job)
        directory = self._directory(job)
        try:
            ending = self._follow(job, directory)
        except BaseException:  # Airflow's timeout, or a foreign message in the channel
            for orphan in self.end(job.application_id, _PROOF_PATIENCE_KILLED * 2):
                self.log.warning("Could not confirm termination of: %s", orphan)
            raise
        return self.finish(job, ending, directory)

    def finish(
        self, job: ClusterJob, ending: ClusterEnding, directory: ChannelDirectory | None = None
    ) -> Any:
        """Read the job's last messages, end it if it still runs, and return the result that it reported.

        Raises:
            AttemptError: the attempt is not a success.
        """
        self.take(job)
        directory = directory or self._directory(job)
        channel_state = self._last_messages(job, directory, ending)
        tail = self._log_tail(job, ending)
        orphans = ending.orphans
        if ending.final is None:
            orphans += self.end(job.application_id, _PROOF_PATIENCE_KILLED if self.killed else PROOF_PATIENCE)
        ending = replace(
            ending,
            channel_state=channel_state,
            has_launcher=job.has_launcher,
            channel_trouble=directory.trouble if directory is not None else "",
            log_tail=tail,
            orphans=orphans,
        )
        error = ending.failure()
        self._log_end(job, ending)
        self.on_ended(ending, error, job)
        if error is not None:
            raise error
        if directory is not None:
            directory.remove()
        return storable_result(channel_state, self.limits, self.log)

    def _follow(self, job: ClusterJob, directory: ChannelDirectory | None) -> ClusterEnding:
        watch = ClusterWatch(job.limits, self.manager)
        while True:
            if directory is not None:
                directory.read(since(job.submitted_at, epoch_now()), self.on_message)
            channel_state = directory.channel_state if directory is not None else ChannelState()
            if killed := self._killed_by():
                return ClusterEnding(killed=killed, asked_by=self._asked_by())
            self._show(job, channel_state)
            idle_since = channel_state.idle_since(since(job.submitted_at, epoch_now()))
            try:
                step = watch.see(self.source.status(job.application_id), epoch_now(), idle_since)
            except UnusableAnswerError as error:
                step = watch.blind(str(error), epoch_now())
            for notice in step.notices:
                self.log.info("%s", notice)
            for finding in step.observed:
                self.on_observed(finding, job)
            if step.over:
                return ClusterEnding(final=step.final, finding=step.finding)
            self.sleep(MonotonicTime(time.monotonic() + job.limits.pause(epoch_now(), self.pause)))

    def _show(self, job: ClusterJob, channel_state: ChannelState) -> None:
        if self.live is not None:
            self.live.show(since(job.submitted_at, epoch_now()), channel_state, job.application_id)

    def _asked_by(self) -> str:
        """The user who ends it on the live page; empty if none does."""
        return self.live.asked() if self.live is not None else ""

    def _killed_by(self) -> str:
        if self.killed:
            return "The task was killed, and its application with it."
        if self.spec.supervisor is not None and os.getppid() != self.spec.supervisor:
            return "The Airflow process above the task is gone; the guard ended the application."
        user = self._asked_by()
        return f"{user} ended the application on Airflow's page Spark guard." if user else ""

    def sleep(self, limit: MonotonicTime) -> None:
        """Wait until the next poll, the limit or a kill."""
        end = min(time.monotonic() + self.pause, max(limit, time.monotonic() + 0.01))
        while not self._killed_by() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))

    def _directory(self, job: ClusterJob) -> ChannelDirectory | None:
        return self.connection.directory(job.channel)

    def _last_messages(
        self, job: ClusterJob, directory: ChannelDirectory | None, ending: ClusterEnding
    ) -> ChannelState:
        if directory is None:
            return ChannelState()
        begin = time.monotonic()
        limit = MonotonicTime(begin + (_LAST_MESSAGES if ending.final is not None else 0.0))
        while True:
            try:
                directory.read(since(job.submitted_at, epoch_now()), self.on_message)
            except SparkGuardError as error:
                directory.trouble = error.what
            if directory.has_more and not self.killed and time.monotonic() < begin + _LAST_FLOOD:
                continue
            # A driver that was killed sends no last message; silence from any other one ends the wait.
            done = directory.channel_state.ended_at is not None or time.monotonic() >= limit or self.killed
            if done or (ending.final is not None and ending.final.state is ClusterState.KILLED):
                return directory.channel_state
            self.sleep(limit)

    def _log_tail(self, job: ClusterJob, ending: ClusterEnding) -> str:
        """Read before the pod is deleted, because its log goes with it."""
        vanished = ending.finding is not None and ending.finding.verdict is Verdict.VANISHED
        if ending.has_succeeded or ending.killed or vanished:
            return ""
        with contextlib.suppress(UnusableAnswerError):
            return self.source.log_tail(job.application_id)
        return ""

    def _log_end(self, job: ClusterJob, ending: ClusterEnding) -> None:
        if ending.orphans:
            self.log.warning("Could not confirm termination of: %s", ", ".join(ending.orphans))
        passed = readable_duration(since(job.submitted_at, epoch_now()))
        self.log.info("%s finished after %s: %s", job.application_id, passed, ending.how)
        if ending.has_succeeded and not job.has_launcher:
            self.log.info("Only the cluster manager reported success; the job has no channel directory.")
