"""``SafeSparkSubmitOperator``: the provider's ``SparkSubmitOperator``, with one import changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.template import none_again, with_none_marked
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.secrets_in_hand import hide_in_airflow, keeping_secrets
from airflow_spark_guard.links.spark import LINKS, known_links
from airflow_spark_guard.operators.parsing import check_literals, check_partial
from airflow_spark_guard.task.retry_policy import AIRFLOW_ASKS, SparkGuardRetryPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from airflow.sdk import BaseOperatorLink, Context
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_spark_guard.core.conf.profile import SparkProfile
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook
    from airflow_spark_guard.process.leftovers import Tag
    from airflow_spark_guard.process.spool import Place
    from airflow_spark_guard.task.announcement import Announcement
    from airflow_spark_guard.task.failure import ObservedVerdicts

# Upstream stores these in private attributes, and a template field is named by its attribute.
_TEMPLATED_OPTIONS = (
    "_conn_id",
    "_deploy_mode",
    "_driver_memory",
    "_executor_cores",
    "_executor_memory",
    "_num_executors",
    "_total_executor_cores",
    "_yarn_queue",
)

# In these a None from a template would reach the job as the word "None".
_OF_SEVERAL_VALUES = ("application_args", "env_vars", "conf")


class SafeSparkSubmitOperator(SparkSubmitOperator):
    """Run a Spark application that cannot hang silently, outlive its task, or succeed by accident.

    A drop-in for ``SparkSubmitOperator``, with all of its parameters. Memory, cores, YARN queue, deploy mode
    and connection are templated as well.

    Args:
        profile: anti-hanging Spark configuration, which the user's own overrides: ``"default"``,
            ``"ml-training"``, ``"strict"``, ``"none"``, or a
            :class:`~airflow_spark_guard.SparkProfile`. (templated)
        limits: how long an attempt may take and what it may use: :class:`~airflow_spark_guard.GuardLimits`,
            or ``"observe"`` to report findings without killing the job. (templated)
        verbosity: of the instruments, 0 to 3; None: ``SPARK_GUARD_VERBOSITY`` of the driver. (templated)
        deferrable: in cluster mode on YARN or Kubernetes, let a trigger watch: no worker slot is held.
        name: of the application; default: ``spark.app.name``, else ``<dag_id>.<task_id>.<try_number>``.
            (templated)
        **kwargs: arguments of ``SparkSubmitOperator``. Without a ``retry_policy``, the task is retried only
            if a retry can help: an error in the user's own code fails it at once.

    Raises:
        ProfileError: the profile does not exist; raised when the DAG is parsed, unless it is a template.
        LimitError: the limits are not valid; likewise.
        ArgumentError: the verbosity is not valid; likewise.

    Returns:
        The result that the application reported with ``airflow_spark_guard.job.report(result)``, as XCom.
    """

    template_fields: ClassVar[Sequence[str]] = (  # type: ignore[misc]
        *SparkSubmitOperator.template_fields,
        "profile",
        "limits",
        "verbosity",
        *_TEMPLATED_OPTIONS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = dict.fromkeys(("conf", "profile", "limits"), "json")

    operator_extra_links: Collection[BaseOperatorLink] = LINKS

    @AirflowErrors()
    def __init__(
        self,
        *,
        profile: SparkProfile | str | None = "default",
        limits: GuardLimits | str | None = None,
        verbosity: int | str | None = None,
        deferrable: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)  # type: ignore[arg-type] # the hook takes None
        # Secrets in the DAG file itself; Airflow shows the fields even if it renders none.
        hide_in_airflow({name: getattr(self, name, None) for name in _OF_SEVERAL_VALUES})
        self.deferrable = deferrable
        # Set here, since default_args may contain the user's policy, and a mapped task passes None.
        if AIRFLOW_ASKS and self.retry_policy is None:
            self.retry_policy = SparkGuardRetryPolicy()
        check_literals(profile, limits, verbosity)
        self.profile, self.limits, self.verbosity = profile, limits, verbosity
        self._tag: Tag | None = None
        self._record: Place | None = None
        self._application_name = ""
        self._killed = False
        self._observed: ObservedVerdicts | None = None
        # By XCom key; the links read them when the task has ended.
        self.guard_links: dict[str, str] = {}
        self._announcement: Announcement | None = None

    @classmethod
    @AirflowErrors()
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """As Airflow's, but checks profile, limits and verbosity at once."""
        partial: OperatorPartial = super().partial(**kwargs)
        check_partial(partial, kwargs)
        return partial

    @property
    def guard_log(self) -> MarkedLog:
        """The task's logger, with the guard's mark; ``log`` stays Airflow's."""
        return MarkedLog(self.log)

    @AirflowErrors()
    def render_template(
        self, content: Any, context: Context, jinja_env: Any = None, seen_oids: set[int] | None = None
    ) -> Any:
        """As Airflow's, but a None in ``application_args``, ``env_vars`` and ``conf`` does not become text.

        It is refused before the submit; in a longer text it becomes "None", with a warning.
        """
        field = next((name for name in _OF_SEVERAL_VALUES if content is getattr(self, name, None)), None)
        if field is None or not isinstance(content, list | tuple | dict):
            return super().render_template(content, context, jinja_env, seen_oids)
        environment = with_none_marked(jinja_env or self.get_template_env())
        rendered = super().render_template(content, context, environment, seen_oids)
        rendered, places = none_again(rendered, field)
        if places:
            self.guard_log.warning(
                'A template rendered None inside a text: %s. The job receives the word "None" there.',
                ", ".join(places)[:500],
            )
        return rendered

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """As Airflow's, also for mapped tasks; its page "Rendered Templates" shows no secret."""
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        if parent is self:
            hide_in_airflow({name: getattr(self, name, None) for name in self.template_fields})

    @AirflowErrors()
    @keeping_secrets()
    def execute(self, context: Context) -> Any:
        """Submit, watch, and return the job's result; for the errors see ``SafeSparkSubmitHook.submit``.

        Unless the user sets a ``retry_policy``, what no retry can fix is an ``AirflowFailException`` too.
        XCom ``spark_guard_verdict`` has the verdict of a failed attempt, ``spark_guard_application`` the
        application, as soon as it is known and again at the end.
        """
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it

        recording = running.Recording(self.guard_log)
        try:
            running.learn(running.secrets_in_fields(running.hook_arguments(self)))
            running.checked_arguments({"application": self.application, **running.hook_arguments(self)})
            running.check_options({name.lstrip("_"): getattr(self, name) for name in _TEMPLATED_OPTIONS})
            self._start(context)
            recording.start(self._record)
            running.start_retention(self.guard_log)
            self._announcement = running.Announcement(
                self.guard_log, context.get("ti"), self.guard_links, running.pages()
            )
            self._announcement.record(running.record_page(self._record, self.guard_log))
            with running.announcing(self._announcement), running.counting(context, self._record):
                super().execute(context)
                self._leave_to_trigger(context)
        except SparkGuardError as error:
            failure = running.report(error, self, context)
            raise running.for_log(failure, self.guard_log, self._record) from None
        finally:
            recording.close()
            self.operator_extra_links = known_links(self.operator_extra_links, self.guard_links)
        return self._hook.result if isinstance(self._hook, running.SafeSparkSubmitHook) else None

    @AirflowErrors()
    @keeping_secrets()
    def execute_complete(
        self,
        context: Context,
        event: Any = None,
        job: dict[str, Any] | None = None,
        place: dict[str, Any] | None = None,
    ) -> Any:
        """Finish after the trigger: returns the job's result, or raises the errors of :meth:`execute`."""
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it

        try:
            self._start(context)
            self._hook = hook = self._make_hook()
            with running.announcing(self._resumed(context)), running.counting(context, None):
                return hook.resume(event, job, place)
        except SparkGuardError as error:
            failure = running.report(error, self, context)
            raise running.for_log(failure, self.guard_log, self._record) from None

    # Tasks that version 0.7 deferred resume with this method.
    resume = execute_complete

    @AirflowErrors()
    @keeping_secrets()
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """As Airflow's, but kills an application that no trigger watches any more before it raises."""
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it
        from airflow_spark_guard.operators.cluster_deferral import (  # noqa: PLC0415 - rarely
            FAILED_DEFERRALS,
            cancelled,
        )

        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except FAILED_DEFERRALS as reason:
            self._start(context)
            self._hook = hook = self._make_hook()
            with running.announcing(self._resumed(context)):
                failure = running.report(cancelled(hook, reason), self, context)
                raise running.for_log(failure, self.guard_log, self._record) from reason

    def _leave_to_trigger(self, context: Mapping[str, Any]) -> None:
        from airflow_spark_guard.operators.running import SafeSparkSubmitHook  # noqa: PLC0415 - see there

        if isinstance(self._hook, SafeSparkSubmitHook) and self._hook.deferred is not None:
            from airflow_spark_guard.operators.cluster_deferral import deferral  # noqa: PLC0415 - rarely

            self.defer(**deferral(self._hook, self._conn_id, "execute_complete", context))

    def _resumed(self, context: Mapping[str, Any]) -> Announcement:
        """The announcement pushed before deferral; a failed deferral has no arguments."""
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it

        announcement = running.Announcement(
            self.guard_log, context.get("ti"), self.guard_links, running.pages()
        )
        announcement.recall()
        return announcement

    def _start(self, context: Mapping[str, Any]) -> None:
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it

        self._tag, self._record = running.tag(context), running.record(context, self.guard_log)
        self._application_name = running.application_name(context)
        self._observed = running.ObservedVerdicts(self, context)

    def on_kill(self) -> None:
        """Kill the job, if one was started; without one, no connection is looked up."""
        self._killed = True
        if self._hook is not None:
            self._hook.on_kill()

    def _get_hook(self) -> SafeSparkSubmitHook:
        """Called by upstream's ``execute``, which then asks the hook where the driver runs."""
        hook = self._make_hook()
        hook.settle_deploy_mode()
        return hook

    def _make_hook(self) -> SafeSparkSubmitHook:
        from airflow_spark_guard.operators import running  # noqa: PLC0415 - no DAG is parsed with it

        timeout = self.execution_timeout
        hook = running.SafeSparkSubmitHook(
            profile=self.profile,
            limits=self.limits,
            verbosity=self.verbosity,
            tag=self._tag,
            execution_timeout=timeout.total_seconds() if timeout else None,
            record=self._record,
            deferrable=self.deferrable,
            adopt=bool(getattr(self, "durable", False)),
            listener=running.Listener(
                self._announcement.application if self._announcement is not None else running.ignore,
                self._observed or running.ignore,
            ),
            application_name=self._application_name or running.application_name({}),
            **running.hook_arguments(self),
        )
        running.learn(running.secrets_of(hook))
        if self._killed:
            hook.on_kill()
        return hook
