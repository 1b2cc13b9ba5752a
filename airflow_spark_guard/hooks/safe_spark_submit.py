"""``SafeSparkSubmitHook``: one guarded attempt of spark-submit, from its plan to its result."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.submission import Request, Submission, deploy_mode, prepare
from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.cluster.place import is_watched
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.connection import misspelt_extras
from airflow_spark_guard.core.deploy_mode import check_mode
from airflow_spark_guard.core.errors import KilledError
from airflow_spark_guard.core.limits import checked_limits
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.core.text.argument_words import masked_words
from airflow_spark_guard.core.text.secret_values import values_of
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.applications import Applications
from airflow_spark_guard.hooks.conf_log import log_conf
from airflow_spark_guard.hooks.secrets_in_hand import keeping_secrets, learn, secrets_of
from airflow_spark_guard.hooks.settings import on_finding
from airflow_spark_guard.hooks.supervisor import supervisor_pid
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook
from airflow_spark_guard.process import earlier_tries, leftovers
from airflow_spark_guard.process.surroundings import limits_here
from airflow_spark_guard.process.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.cluster_mode import ClusterMode, Waiting
    from airflow_spark_guard.core.deploy_mode import DeployMode
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.process.attempt import Attempt


class SafeSparkSubmitHook(UpstreamSubmitHook):
    """The provider's ``SparkSubmitHook`` under guard. Every argument of it is accepted, with its meaning.

    Args:
        profile: anti-hanging configuration: a :class:`SparkProfile` or the name of one.
        limits: how long and how much an attempt may take, or ``"observe"``.
        tag: marks the attempt's processes; a leftover of an earlier attempt of the same task is ended.
        execution_timeout: seconds that Airflow gives the task, if it limits it.
        record: the folder for the attempt's record (``process/record.py``); None for none.
        deferrable: in cluster mode, leave the watch to a trigger: :meth:`submit` returns once the
            application is handed over, and :attr:`waiting` says what to wait for.
        adopt: in cluster mode, take over what an earlier try of the task has left running; else it is ended.
        on_application: takes the application and its addresses as soon as they are known, on the thread of
            :meth:`submit`.
        on_observed: takes what would have ended the attempt in observe mode, on the same thread.
        **kwargs: what the provider's hook takes.

    Raises:
        ConnectionMissingError: there is no connection ``conn_id``.
    """

    _runs_elsewhere = False

    @AirflowErrors()
    def __init__(
        self,
        *,
        profile: SparkProfile | str | None = None,
        limits: GuardLimits | str | None = None,
        tag: leftovers.Tag | None = None,
        execution_timeout: float | None = None,
        record: Path | None = None,
        on_application: Callable[[Target], None] | None = None,
        on_observed: Callable[[AttemptError], None] | None = None,
        deferrable: bool = False,
        adopt: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable, self.adopt = deferrable, adopt
        self.waiting: Waiting | None = None
        self.cluster: ClusterMode | None = None
        if is_watched(self.master):
            self.leave_cluster_mode_to_us()
        self.profile = SparkProfile.of(profile)
        self.limits = checked_limits(limits).unless_set(on_finding())
        self.tag = tag or leftovers.Tag(leftovers.new_attempt(), leftovers.new_attempt())
        self.execution_timeout = execution_timeout
        self.record = record
        self._on_application = on_application
        self.on_observed = on_observed
        self.result: Any = None
        self._attempt: Attempt | None = None
        self.killed = False
        self._python = True
        self._mode: DeployMode | None = None

    @property
    def deadline(self) -> float | None:
        """Seconds that the guard itself allows."""
        return self.limits.deadline_seconds(self.execution_timeout)

    @property
    def backstop(self) -> float:
        """Seconds after which nobody gives the attempt more time; infinite where nobody ends it."""
        return self.limits.backstop(self.execution_timeout)

    @property
    def budget(self) -> float:
        """Seconds after which the attempt takes too long, by the guard or by Airflow."""
        return self.limits.budget(self.execution_timeout)

    @AirflowErrors()
    @keeping_secrets()
    def submit(self, application: str = "", **kwargs: Any) -> Any:
        """Submit and wait; in client mode the result that the job has reported, None if it reports none.

        Raises:
            BadInputError: something is wrong that can be told before anything starts.
            AttemptError: the attempt is not a success; it says what happened, where, and what to do.
        """
        learn(secrets_of(self))
        self._python = self.java_class is None and application.endswith(".py")
        for limit in limits_here():
            self.guard_log.warning("%s", limit)
        earlier = earlier_tries.end(self.tag, epoch_now())
        if earlier:
            self.guard_log.warning("%s", earlier)
        application = str(checked_arguments({"application": application})["application"] or "")
        mode = self.settle_deploy_mode()
        check_mode(mode, self.master, application, has_environment=bool(self.user_environment))
        workspace = Workspace(self.tag.task)
        try:
            submission = self.plan(workspace)
            log_conf(submission, self.guard_log, self.profile.name, self.limits, in_full=self.record is None)
            if mode.mode == "cluster" and is_watched(self.master):
                from airflow_spark_guard.attempt import cluster_mode  # noqa: PLC0415 - as in _run

                tell = self._applications(submission).found
                return cluster_mode.submit(self, submission, workspace, application, tell)
            if mode.mode == "cluster":
                return self._submit_to_cluster(submission, workspace, application, kwargs)
            if self.deferrable:
                self.guard_log.warning(
                    "deferrable=True: without effect, since the driver runs beside this task."
                )
            self.result = self._run(submission, workspace, application)
        finally:
            workspace.remove()
            if not self._runs_elsewhere and self.waiting is None:
                self.run_post_submit_commands()
        return self.result

    def on_kill(self) -> None:
        """End the attempt. Called in a signal handler: the reaper does the work and outlives this process."""
        self.killed = True
        if self._attempt is not None:
            self._attempt.request_kill()
        if self.cluster is not None:
            self.cluster.run.kill_now()
        elif self._runs_elsewhere or self.has_driver:
            super().on_kill()

    @AirflowErrors()
    def settle_deploy_mode(self) -> DeployMode:
        """Decide once where the driver runs, and have upstream's part of the hook follow it.

        Raises:
            ConnectionMissingError: a master that Spark cannot parse.
            SparkSubmitMissingError: no spark-submit, whose defaults may name the mode.
            ConfError: a mode that Spark does not know, or configuration that cannot be read.
        """
        if self._mode is None:
            self._mode = deploy_mode(self._request())
            given = self.connection_given.extra_dejson if self.connection_given is not None else {}
            for note in filter(None, (*misspelt_extras(given), self._mode.note)):
                self.guard_log.warning("%s", note)
            if self._mode.mode == "cluster" and not is_watched(self.master):
                self.follow_cluster_mode()
        return self._mode

    def _request(self) -> Request:
        """What was asked for, without the options of spark-submit: upstream may refuse to build them."""
        return Request(
            master=self.master,
            address=self.address,
            profile=self.profile,
            conf=self.user_conf,
            connection=self._conn_id,
            connection_conf=self.connection_conf,
            properties_file=self.user_properties_file,
            environment=self.user_environment,
            binary=self.named_binary,
            deploy_mode=self.named_deploy_mode,
            deadline=self.backstop if math.isfinite(self.backstop) else None,
            stall=seconds(self.limits.stall_timeout),
            application_name=self.application_name,
            keytab=self.keytab_given,
            tag=str(self.tag),
            python=self._python,
        )

    @AirflowErrors()
    def plan(self, workspace: Workspace) -> Submission:
        """What is to be submitted; see :func:`prepare` for the errors."""
        self.use_keytab(workspace.keytab)
        options, options_conf = self.submit_options()
        found = prepare(replace(self._request(), options=options, options_conf=options_conf), workspace)
        learn(values_of(found.conf.plain()))
        return found

    def submitting(self, attempt: Attempt) -> None:
        """This spark-submit is what a kill has to end first."""
        self._attempt = attempt
        if self.killed:  # between the last look and now
            attempt.request_kill()

    def _submit_to_cluster(
        self, submission: Submission, workspace: Workspace, application: str, kwargs: dict[str, Any]
    ) -> Any:
        self._runs_elsewhere = True
        self.guard_log.warning(
            "deploy_mode=cluster: the profile's configuration is applied, but the driver runs elsewhere; "
            "its deadline, its kill and its outcome are upstream's."
        )
        binary, *options = submission.command(workspace, [])
        self.fix_command(binary, options, submission.env)
        return super().submit(application, **kwargs)

    def _applications(self, submission: Submission) -> Applications:
        return Applications(self, submission, self._on_application)

    def _run(self, submission: Submission, workspace: Workspace, application: str) -> Any:
        from airflow_spark_guard.attempt.client_run import GuardedRun  # noqa: PLC0415 - no DAG is parsed with it

        check_application(application, self.java_class, Path.exists)
        supervisor = supervisor_pid()
        run = GuardedRun(
            submission,
            workspace,
            self.limits,
            self.tag,
            deadline=self.deadline,
            backstop=self.backstop,
            log=self.guard_log,
            record=self.record,
            master_ui=self.master_ui,
            guardians=(supervisor,) if supervisor else (),
            on_application=self._applications(submission).found,
            on_observed=self.on_observed,
        )
        run.preflight()
        if "," not in self.master:  # of several, another one may be the living one later
            self.master_ui = self.master_ui or run.found_ui or None
        if self.killed:
            raise KilledError("The task was ended before its job was submitted.")
        words = [application, *self.arguments]
        if self._python:
            result_size = size_in_bytes(self.limits.result_size)
            command, env = submission.guarded_command(workspace, words, result_size)
        else:
            command, env = submission.command(workspace, words), submission.env
        self.guard_log.info(
            "%s: deadline %s, profile %s, Spark %s. Command: %s",
            "Observed (nothing is ended)" if self.limits.observes else "Guarded",
            readable_duration(self.budget),
            self.profile.name,
            ".".join(map(str, submission.spark.version or ("of unknown version",))),
            masked_words(command),
        )
        return run.run(command, env, speaks=self._python, on_start=self.submitting)
