"""The base of the sensors: which application, which servers to ask, which mode, what follows a finding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, AirflowSkipException
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.errors import ApplicationError, SparkGuardError
from airflow_spark_guard.core.event import read_event
from airflow_spark_guard.core.limits import check_literal_limits, checked_limits
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.settings import on_finding
from airflow_spark_guard.task.failure import report_final
from airflow_spark_guard.task.seam import for_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.sensors.poking import Poking

_NOT_OF_TARGET = frozenset({"task", "earlier"})
# For a triggerer that is down when the trigger's own deadline passes.
_MARGIN = timedelta(seconds=60)
_SHORTEST = 1.0  # seconds between two looks: 0 would ask a driver without a pause


class RemoteSensor(BaseSensorOperator):
    """Watches one Spark application that another system submitted.

    Args:
        application: its id, or a mapping with the fields of
            :class:`~airflow_spark_guard.core.remote.target.Target`: ``application_id`` or ``name``, and the
            servers to ask: ``driver_ui``, ``master``, ``master_ui``, ``history_server``. (templated)
        submitted_by: the ``task_id`` of a ``SafeSparkSubmitOperator`` in the same DAG run, whose application
            to watch. (templated)
        conn_id: a connection of type ``spark_monitor``: servers to ask, and login or token. (templated)
        limits: ``start_timeout``, ``end_timeout``, ``executors_gone``, and for ``SparkApplicationSensor`` all
            that concern stages and executors. With ``on_finding="warn"``, or with ``"observe"`` in place of
            the limits, a passed limit is only reported. (templated)
        deferrable: watch from the triggerer; by default yes, unless ``mode`` is set.
        **kwargs: arguments of every sensor; the default of ``poke_interval`` is 30 s.
    """

    template_fields: ClassVar[Sequence[str]] = (  # type: ignore[misc]
        "application",
        "submitted_by",
        "conn_id",
        "limits",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"application": "json", "limits": "json"}
    ui_color = "#e8f0e6"

    @AirflowErrors()
    def __init__(
        self,
        *,
        application: str | Mapping[str, str] = "",
        submitted_by: str = "",
        conn_id: str = "",
        limits: GuardLimits | str | None = None,
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.application = application
        self.submitted_by = submitted_by
        self.conn_id = conn_id
        check_literal_limits(limits)
        self.limits = limits
        # After Airflow's own constructor: default_args may set a mode.
        plain = self.mode == "poke" and "mode" not in kwargs
        self.deferrable = plain if deferrable is None else deferrable
        self._poking: Poking | None = None

    def plan(self) -> Plan:
        """What to watch, and by which limits, after rendering.

        Raises:
            BadInputError: an argument is not valid.
        """
        limits = self.guard_limits()
        return Plan(
            target=_target(self.application),
            task_id=self.submitted_by or "",
            conn_id=self.conn_id or "",
            patience=Patience.of(limits),
            observe=limits.observes,
        )

    def guard_limits(self) -> GuardLimits:
        """The limits after rendering, completed by the deployment's configuration.

        Raises:
            LimitError: they are not valid.
        """
        return checked_limits(self.limits).unless_set(on_finding())

    @AirflowErrors()
    def execute(self, context: Context) -> Any:
        """Watch to the end; returns, as XCom, application id, restarts and the witness of the end."""
        try:
            plan = self.plan()
            if not plan.task_id and not plan.conn_id:
                plan.target.check()
        except SparkGuardError as error:
            self._fail(error, context)
        if self.deferrable:
            self._defer(plan, context)
        return super().execute(context)

    @AirflowErrors()
    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """Finish after the trigger.

        Raises:
            TriggerEventError: the event cannot be read, or has another version.
            SparkGuardError: the trigger's finding.
        """
        outcome = read_event(Outcome, event)
        if outcome.kind == "timeout":
            self._out_of_time(outcome)
        return self._end(outcome, context)

    @AirflowErrors()
    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once; in ``reschedule`` mode several times, if the driver does not answer."""
        from airflow_spark_guard.sensors.poking import Poking  # noqa: PLC0415 - no DAG is parsed with it

        try:
            if self._poking is None:
                self._poking = Poking(
                    self.plan(), MarkedLog(self.log), self._began(context), patient=self.reschedule
                )
            outcome = self._poking.look(context)
        except SparkGuardError as error:
            self._fail(error, context)
        if outcome is None:
            return False
        return PokeReturnValue(is_done=True, xcom_value=self._end(outcome, context))

    def before_failing(
        self,
        outcome: Outcome,  # noqa: ARG002 - for sensors that act on it
        error: SparkGuardError,
    ) -> SparkGuardError:
        """Act on a finding before it is raised; returns the exception to raise."""
        return error

    def _defer(self, plan: Plan, context: Context) -> NoReturn:
        from airflow_spark_guard.triggers.spark_application import (  # noqa: PLC0415 - as above
            SparkApplicationTrigger,
        )

        began, ti = epoch_now(), context["ti"]
        task = {name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
        self.defer(
            trigger=SparkApplicationTrigger(
                plan.to_json(),
                began,
                EpochTime(began + self.timeout),
                max(_SHORTEST, self.poke_interval),
                task,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout) + _MARGIN,
        )

    def _began(self, context: Context) -> EpochTime:
        first = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
        return epoch_now() if first is None else EpochTime(float(first.timestamp()))

    def _end(self, outcome: Outcome, context: Context) -> dict[str, Any]:
        error = outcome.failure()
        if error is not None:
            self._fail(self.before_failing(outcome, error), context)
        MarkedLog(self.log).info("Application %s succeeded. %s", outcome.application_id, outcome.witness)
        return {
            "application_id": outcome.application_id,
            "restarts": outcome.restarts,
            "ended": outcome.witness,
        }

    def _fail(self, error: SparkGuardError, context: Context) -> NoReturn:
        """Fail without a retry: another try would find the same application with the same past."""
        if self.soft_fail or self.never_fail:
            raise AirflowSkipException(str(error)) from error
        final = report_final(error, self, context)
        raise for_log(final, MarkedLog(self.log), None) from None

    def _out_of_time(self, outcome: Outcome) -> NoReturn:
        text = (
            f"Application {outcome.application_id or 'of that name'} was still running after the sensor's "
            f"timeout of {readable_duration(self.timeout)} ({outcome.restarts} restarts so far)."
        )
        if self.soft_fail or self.never_fail:
            raise AirflowSkipException(text)
        raise AirflowSensorTimeout(text)


def _target(given: object) -> Target:
    if isinstance(given, Target):
        return given
    if given is None or isinstance(given, str):
        return Target(application_id=(given or "").strip())
    if not isinstance(given, dict):
        raise ApplicationError(
            "application= is not valid.",
            got=repr(given)[:200],
            expected='an id, or a mapping such as {"name": "nightly", "master": "spark://host:7077"}',
            advice="Check the value of the template or XCom.",
        )
    # The XCom of a guarded task has more fields than a target.
    return Target.from_json(
        {key: value for key, value in given.items() if key not in _NOT_OF_TARGET and value}
    )
