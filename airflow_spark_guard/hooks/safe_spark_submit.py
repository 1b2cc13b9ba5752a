"""``SafeSparkSubmitHook``: one guarded attempt of spark-submit, from its plan to its result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.kill_switch import KillSwitch
from airflow_spark_guard.attempt.spec import AttemptSpec, Finished, Job, Program, Reporting, ignore
from airflow_spark_guard.attempt.submission import Submission, SubmitRequest, deploy_mode, prepare
from airflow_spark_guard.attempt.user_conf import UserConf
from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.cluster.managers import is_watched
from airflow_spark_guard.core.cluster.trigger_event import watched_by
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.connection import misspelt_extras
from airflow_spark_guard.core.deploy_mode import WatchedClusterMode
from airflow_spark_guard.core.limits import checked_limits
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.text.secret_values import values_of
from airflow_spark_guard.core.verbosity import checked_verbosity
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.applications import Applications
from airflow_spark_guard.hooks.cluster_connection import connection_of
from airflow_spark_guard.hooks.conf_log import log_conf
from airflow_spark_guard.hooks.listener import Listener
from airflow_spark_guard.hooks.secrets_in_hand import keeping_secrets, learn, secrets_of
from airflow_spark_guard.hooks.settings import on_finding, report, spark_log_level
from airflow_spark_guard.hooks.supervisor import supervisor_pid
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook
from airflow_spark_guard.process import earlier_tries, leftovers
from airflow_spark_guard.process.surroundings import limits_here
from airflow_spark_guard.process.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.core.cluster.cluster_job import DeferredJob
    from airflow_spark_guard.core.deploy_mode import DeployMode
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.process.spool import Place


class SafeSparkSubmitHook(UpstreamSubmitHook):
    """The provider's ``SparkSubmitHook`` with the guard. It accepts every argument of the provider's hook.

    Args:
        profile: anti-hanging configuration: a :class:`SparkProfile` or the name of one.
        limits: how long an attempt may take and what it may use, or ``"observe"``.
        tag: marks the attempt's processes; leftovers of an earlier attempt of the same task are killed.
        execution_timeout: Airflow's timeout of the task in seconds, if it has one.
        record: where the attempt's record is written (``process/record.py``); None to write none.
        deferrable: in cluster mode, let a trigger watch the application: :meth:`submit` returns once it is
            submitted, and :attr:`deferred` is the job to wait for.
        adopt: in cluster mode, take over an application of an earlier try instead of killing it.
        listener: takes reports while :meth:`submit` runs.
        **kwargs: arguments of the provider's hook, the name of an application whose user sets none
            (``application_name``), the listener's callables (``on_application``, ``on_observed``), and the
            ``verbosity`` of the job's instruments, 0 to 3.

    Raises:
        ConnectionMissingError: the connection ``conn_id`` does not exist.
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
        record: Place | None = None,
        listener: Listener | None = None,
        deferrable: bool = False,
        adopt: bool = False,
        **kwargs: Any,
    ) -> None:
        self._listener = Listener.taken_from(kwargs) if listener is None else listener
        self.verbosity = checked_verbosity(kwargs.pop("verbosity", None))
        super().__init__(**kwargs)
        self.deferrable, self.adopt = deferrable, adopt
        self.deferred: DeferredJob | None = None
        if is_watched(self.master):
            self.disable_upstream_tracking()
        self.profile = SparkProfile.of(profile)
        self.limits = checked_limits(limits).unless_set(on_finding())
        self.tag = tag or leftovers.Tag(leftovers.new_attempt(), leftovers.new_attempt())
        self.execution_timeout = execution_timeout
        self.record = record
        self.result: Any = None
        self._kill_switch = KillSwitch()
        self._program = Program("")
        self._mode: DeployMode | None = None

    @property
    def killed(self) -> bool:
        """Whether the task was killed."""
        return self._kill_switch.pulled

    @property
    def waiting(self) -> DeferredJob | None:
        """The value of ``deferred``, under its name until 0.7; kept for code that reads it."""
        return self.deferred

    @AirflowErrors()
    @keeping_secrets()
    def submit(self, application: str = "", **kwargs: Any) -> Any:
        """Submit and wait; in client mode returns the result that the job reported, or None.

        Raises:
            BadInputError: the input is wrong, and nothing was started.
            AttemptError: the attempt failed; the message states what happened, where, and what to do.
        """
        learn(secrets_of(self))
        for limit in limits_here():
            self.guard_log.warning("%s", limit)
        earlier = earlier_tries.end(self.tag, epoch_now())
        if earlier:
            self.guard_log.warning("%s", earlier)
        path = str(checked_arguments({"application": application})["application"] or "")
        self._program = Program(path, self.arguments, self.java_class)
        mode = self.settle_deploy_mode()
        mode.check(path, has_environment=bool(self.user_environment))
        workspace = Workspace(self.tag.task)
        try:
            submission = self.plan(workspace)
            log_conf(submission, self.guard_log, self.profile.name, self.limits, in_full=self.record is None)
            job = Job(self._program, submission, workspace)
            if not mode.is_guarded:
                return self._submit_to_cluster(job, kwargs)
            self._keep(self._run(job))
        finally:
            workspace.remove()
            if not self._runs_elsewhere and self.deferred is None:
                self.run_post_submit_commands()
        return self.result

    @AirflowErrors()
    @keeping_secrets()
    def resume(
        self, event: object, job: Mapping[str, Any] | None = None, place: Mapping[str, Any] | None = None
    ) -> Any:
        """Finish an attempt that a trigger has watched; returns the result that the job reported.

        Args:
            event: of the trigger.
            job: the application for which the task was deferred; None if only the event contains it.
            place: its cluster manager; None as above.

        Raises:
            AttemptError: the attempt failed, or the event does not contain its end.
        """
        from airflow_spark_guard.attempt import cluster_mode  # noqa: PLC0415 - as in _run

        conf = {} if watched_by(event, job=job, place=place) else self._effective_conf()
        try:
            self._keep(
                cluster_mode.resume(self._spec(), connection_of(self, conf), event, job=job, place=place)
            )
        finally:
            self.run_post_submit_commands()
        return self.result

    @AirflowErrors()
    def cancel(self) -> tuple[str, ...]:
        """Kill this task's applications on the cluster; returns those whose end could not be confirmed."""
        from airflow_spark_guard.attempt import cluster_mode  # noqa: PLC0415 - as in _run

        try:
            return cluster_mode.cancel(self._spec(), connection_of(self, self._effective_conf()))
        finally:
            self.run_post_submit_commands()

    def on_kill(self) -> None:
        """Kill the attempt. Runs in a signal handler: the reaper does the work and outlives this process."""
        self._kill_switch.pull()
        if self._runs_elsewhere or (self.has_driver and not self._is_watched_elsewhere):
            super().on_kill()

    @AirflowErrors()
    def settle_deploy_mode(self) -> DeployMode:
        """Decide once where the driver runs, and set the upstream part of the hook to it.

        Raises:
            ConnectionMissingError: Spark cannot parse the master.
            SparkSubmitMissingError: spark-submit, whose defaults may set the mode, does not exist.
            ConfError: Spark does not know the mode, or the configuration cannot be read.
        """
        if self._mode is None:
            self._mode = deploy_mode(self._request())
            given = self.connection_given.extra_dejson if self.connection_given is not None else {}
            for note in filter(None, (*misspelt_extras(given), self._mode.note)):
                self.guard_log.warning("%s", note)
            if not self._mode.is_guarded:
                self.follow_cluster_mode()
        return self._mode

    @property
    def _is_watched_elsewhere(self) -> bool:
        return isinstance(self._mode, WatchedClusterMode)

    def _request(
        self, options: Sequence[str] = (), options_conf: Mapping[str, str] | None = None
    ) -> SubmitRequest:
        """The request; without arguments for the deploy mode alone, since upstream may refuse to build them.

        Args:
            options: spark-submit's, without the configuration.
            options_conf: the keys that arguments of the hook set.
        """
        backstop = self.limits.backstop(self.execution_timeout)
        return SubmitRequest(
            master=self.master,
            address=self.address,
            profile=self.profile,
            options=options,
            user_conf=UserConf(
                properties_file=self.user_properties_file,
                connection=self._conn_id,
                connection_conf=self.connection_conf,
                conf=self.user_conf,
                arguments=options_conf or {},
            ),
            environment=self.user_environment,
            binary=self.named_binary,
            deploy_mode=self.named_deploy_mode,
            deadline=backstop if math.isfinite(backstop) else None,
            stall=seconds(self.limits.stall_timeout),
            application_name=self.application_name,
            keytab=self.keytab_given,
            tag=str(self.tag),
            python=self._program.is_python or not self._program.path,
            verbosity=self.verbosity,
        )

    @AirflowErrors()
    def plan(self, workspace: Workspace) -> Submission:
        """The submission; see :func:`prepare` for the errors."""
        self.use_keytab(workspace.keytab)
        submission = prepare(self._request(*self.submit_options()), workspace)
        learn(values_of(submission.conf.plain()))
        return submission

    def _effective_conf(self) -> Mapping[str, str]:
        workspace = Workspace(self.tag.task)
        try:
            return self.plan(workspace).conf.plain()
        finally:
            workspace.remove()

    def _spec(self, submission: Submission | None = None) -> AttemptSpec:
        on_application = Applications(self, submission, self._listener.on_application).found
        return AttemptSpec(
            tag=self.tag,
            limits=self.limits,
            reporting=Reporting(
                log=self.guard_log,
                record=self.record,
                report=report(),
                spark_log_level=spark_log_level(),
                on_application=on_application if submission is not None else ignore,
                on_observed=self._listener.on_observed,
            ),
            execution_timeout=self.execution_timeout,
            kill_switch=self._kill_switch,
            supervisor=supervisor_pid(),
        )

    def _submit_to_cluster(self, job: Job, kwargs: dict[str, Any]) -> Any:
        self._runs_elsewhere = True
        self.guard_log.warning(
            "deploy_mode=cluster: the profile's configuration is applied, but the driver runs elsewhere: "
            "upstream sets its deadline, kills it and decides on its success."
        )
        binary, *options = job.submission.command(job.workspace, [])
        self.fix_command(binary, options, job.submission.env)
        return super().submit(job.program.path, **kwargs)

    def _run(self, job: Job) -> Finished | DeferredJob:
        spec = self._spec(job.submission)
        if self._is_watched_elsewhere:
            from airflow_spark_guard.attempt import cluster_mode  # noqa: PLC0415 - no DAG is parsed with it

            connection = connection_of(self, job.submission.conf.plain())
            return cluster_mode.run(spec, job, connection, deferrable=self.deferrable, adopt=self.adopt)
        from airflow_spark_guard.attempt import client_run  # noqa: PLC0415 - no DAG is parsed with it

        if self.deferrable:
            self.guard_log.warning("deferrable=True has no effect: the driver runs on this worker.")
        return client_run.run(spec, job, self.master_ui)

    def _keep(self, end: Finished | DeferredJob) -> None:
        if isinstance(end, Finished):
            self.result = end.result
        else:
            self.deferred = end
