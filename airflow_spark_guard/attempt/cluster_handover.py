"""Handing an application over to a cluster: what is submitted, and what became of it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.cluster_submit import ClusterSubmit
from airflow_spark_guard.core.application_name import NAME_KEY
from airflow_spark_guard.core.clock import LaunchTime, epoch_now
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK
from airflow_spark_guard.core.errors import SubmitError
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.core.text.argument_words import masked_words
from airflow_spark_guard.core.verbosity import environment_of, without_launcher
from airflow_spark_guard.process.attempt import Launch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.attempt.cluster_run import ClusterRun
    from airflow_spark_guard.attempt.cluster_submit import Handover
    from airflow_spark_guard.attempt.log import AttemptLog
    from airflow_spark_guard.attempt.spec import Job
    from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.output.output import JobOutput

# Uploading the job's files takes its time; an address that does not answer takes for ever.
_SUBMIT_LIMIT = 900.0
# After spark-submit has ended, the manager may need a moment to list what it has taken.
_LISTED_WITHIN = 15.0
_TICK = 1.0


@dataclass
class ClusterAttempt:
    """One submission.

    Args:
        job: what is submitted; its workspace may go once it is handed over.
        run: who watches it afterwards.
        log: of the attempt.
        output: of spark-submit; shares its budget of lines with the job's messages.
    """

    job: Job
    run: ClusterRun
    log: AttemptLog
    output: JobOutput

    @property
    def limits(self) -> GuardLimits:
        """As the run has them."""
        return self.run.limits

    def can_speak(self) -> bool:
        """Whether the job runs under our launcher; where that was wanted and cannot be, the log says why."""
        connection = self.run.connection
        if not self.job.program.is_python or not connection.channel:
            return False
        reason = connection.place.cannot_ship(self.job.submission.conf.plain())
        if reason:
            self.log.notice(f"No launcher: {reason}. No result and no traceback will come back.")
        return not reason

    def submit(self, *, has_launcher: bool) -> ClusterJob:
        """Run spark-submit until it has handed the application over.

        Args:
            has_launcher: whether our launcher runs it.

        Raises:
            SubmitError: it has not, within the time that it has.
            KilledError: the task was ended meanwhile.
        """
        begun, spec = epoch_now(), self.run.spec
        if not has_launcher and (note := without_launcher(self.job.submission.request.verbosity)):
            self.log.notice(note)
        conf = self._conf(has_launcher=has_launcher)
        launch = self._launch(conf, has_launcher=has_launcher)
        self.log.log.info(
            "%s on %s: deadline %s, start within %s, profile %s. Command: %s",
            "Observed (nothing is ended)" if self.limits.observes else "Guarded",
            self.run.manager,
            readable_duration(self.run.spec.budget),
            readable_duration(seconds(self.limits.start_timeout)),
            self.job.submission.request.profile.name,
            masked_words(launch.command),
        )
        handed = ClusterSubmit(
            launch,
            self.output,
            self.log.lines,
            self.log.record.output,
            self.run.connection.place.printed_id,
            spec.kill_switch.connect,
            LaunchTime(_SUBMIT_LIMIT if self.limits.observes else math.inf),
            self._say_late,
        ).run()
        application = self._application(handed, conf)
        if self.run.killed or not handed.is_good or not application:
            raise self._failure(handed, application, launch.backstop)
        return self.run.job(application, spec.tag.attempt, begun, has_launcher=has_launcher)

    def _say_late(self) -> None:
        self.log.notice(
            "Observed only: spark-submit has not handed the application over within "
            f"{readable_duration(_SUBMIT_LIMIT)}; it would be ended now."
        )

    def _launch(self, conf: dict[str, str], *, has_launcher: bool) -> Launch:
        job, spec = self.job, self.run.spec
        return Launch(
            command=job.submission.cluster_command(
                job.workspace, job.program.words, conf, launched=has_launcher
            ),
            env=job.submission.env,
            workdir=job.workspace.folder,
            cancel=job.workspace.cancel,
            secrets=job.workspace.secrets,
            tag=spec.tag,
            backstop=spec.backstop if self.limits.observes else min(_SUBMIT_LIMIT, spec.backstop),
            has_launcher=False,
            autopsy_budget=0.0,
            grace=seconds(self.limits.kill_grace),
            guardians=spec.guardians,
        )

    def _conf(self, *, has_launcher: bool) -> dict[str, str]:
        connection = self.run.connection
        environment = {}
        if has_launcher:
            environment = {
                "SPARK_GUARD_CHANNEL_DIRECTORY": connection.driver_directory(),
                "SPARK_GUARD_RESULT_SIZE": str(size_in_bytes(self.limits.result_size)),
                **environment_of(self.job.submission.request.verbosity),
            }
        values = {**self.job.submission.conf.plain(), NAME_KEY: self.job.submission.application_name}
        return connection.place.submit_conf(values, connection.marks, environment)

    def _application(self, handed: Handover, conf: Mapping[str, str]) -> str:
        """As the configuration gives it, as spark-submit prints it, or by the mark that it carries."""
        if handed.is_good and (known := self.run.connection.place.known_id(conf)):
            return known
        if handed.application_id:
            return handed.application_id
        limit = time.monotonic() + _LISTED_WITHIN
        while True:
            found = self.run.find(ATTEMPT_MARK, self.run.connection.marks.attempt)
            if found or not handed.is_good or time.monotonic() >= limit:
                return found[-1].application_id if found else ""
            time.sleep(_TICK)

    def _failure(self, handed: Handover, application: str, limit: float) -> Exception:
        """What to raise, after whatever was handed over nevertheless has been ended."""
        marks = self.run.connection.marks
        left = self.run.end(application) if application else self.run.end_marked(ATTEMPT_MARK, marks.attempt)
        orphans = handed.orphans + left
        if handed.is_good and not self.run.killed:
            return SubmitError(
                "spark-submit has ended well, but its application cannot be found.",
                expected=f"an application with the tag {ATTEMPT_MARK}-{self.run.spec.tag.attempt}",
                advice="Look for it by hand: it may run. Was another cluster asked than it was submitted to?",
                evidence=handed.evidence,
                orphans=orphans,
            )
        return handed.failure(orphans, killed=self.run.killed, limit=limit)
