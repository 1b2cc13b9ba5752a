"""``SparkExecutorRestartSensor``: fails its task when the executors of an application restart."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.errors import AttemptError, LimitError, SparkGuardError
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.sensors.remote_sensor import RemoteSensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.quantity import Duration
    from airflow_spark_guard.core.remote.outcome import Outcome
    from airflow_spark_guard.core.remote.plan import Plan
    from airflow_spark_guard.core.template import Resolvable

_PROOF_PATIENCE = 20.0  # seconds, for a master that is slow or is being restarted


class SparkExecutorRestartSensor(RemoteSensor):
    """Wait for a Spark application to succeed; fail if its executors restart, or if it ends otherwise.

    An executor counts if it was lost: killed (exit code 137, 143, 52, ...), its heartbeat timed out, or its
    worker was lost. Executors removed by dynamic allocation or by a decommission do not count. Losses before
    the first look count as well, in every mode.

    Args:
        max_restarts: executors that may be lost within ``window``. (templated)
        window: a duration such as ``"10m"``; None for the application's whole life. (templated)
        min_executors: number of executors that must be running. (templated)
        min_executors_grace: how long fewer may be running, at the start as well. (templated)
        on_restart: ``"fail"``, or ``"kill"``: also end the application, at its standalone master, and confirm
            that it has ended. (templated)
        **kwargs: arguments of :class:`~airflow_spark_guard.sensors.remote_sensor.RemoteSensor`.
    """

    template_fields: ClassVar[Sequence[str]] = (  # type: ignore[misc]
        *RemoteSensor.template_fields,
        "max_restarts",
        "window",
        "min_executors",
        "min_executors_grace",
        "on_restart",
    )

    def __init__(
        self,
        *,
        max_restarts: int | str = 0,
        window: Duration | Resolvable | None = None,
        min_executors: int | str = 0,
        min_executors_grace: Duration | Resolvable = "2m",
        on_restart: str = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_restarts = max_restarts
        self.window = window
        self.min_executors = min_executors
        self.min_executors_grace = min_executors_grace
        self.on_restart = on_restart

    def plan(self) -> Plan:
        """What to watch, and by which limits, after rendering.

        Raises:
            BadInputError: an argument is not valid.
        """
        if self.on_restart not in {"fail", "kill"}:
            raise LimitError(
                "on_restart cannot be used.",
                got=repr(self.on_restart),
                expected='"fail" or "kill"',
                advice='"kill" ends the application as well.',
            )
        budget = RestartBudget(
            restarts=_count("max_restarts", self.max_restarts),
            window=None if self.window in (None, "") else _seconds("window", self.window),
            minimum=_count("min_executors", self.min_executors),
            grace=_seconds("min_executors_grace", self.min_executors_grace),
            gone=seconds(self.guard_limits().executors_gone),
        )
        return replace(super().plan(), budget=budget)

    def before_failing(self, outcome: Outcome, error: SparkGuardError) -> SparkGuardError:
        """End the application as well, if ``on_restart`` says so and executors are the reason."""
        if self.on_restart != "kill" or not isinstance(error, AttemptError):
            return error
        if error.verdict is not Verdict.EXECUTORS_LOST:
            return error
        trouble = self._kill(outcome)
        if not trouble:
            MarkedLog(self.log).warning("Application %s was ended at its master.", outcome.application_id)
            return error
        MarkedLog(self.log).error("Application %s could not be ended: %s", outcome.application_id, trouble)
        return evolved(error, orphans=(f"application {outcome.application_id} ({trouble})",))

    def _kill(self, outcome: Outcome) -> str:
        """End the application; returns why its end could not be confirmed, empty if it was."""
        from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook  # noqa: PLC0415 - not for parsing
        from airflow_spark_guard.sources.http import MAX_BODY  # noqa: PLC0415 - as above
        from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource  # noqa: PLC0415 - as above

        hook = SparkMonitorHook(self.conn_id or None)
        target = replace(outcome.target, application_id=outcome.application_id)
        try:
            asked = AsyncRemoteSource(target, hook.access_for, timeout=hook.timeout, max_body=MAX_BODY)
            with closing(RemoteSource(asked)) as source:
                return source.end(_PROOF_PATIENCE)
        except SparkGuardError as error:  # the finding comes first
            return f"{error.what} {error.advice}"


def _count(name: str, value: object) -> int:
    try:
        number = -1 if isinstance(value, bool | float) else int(str(value))
    except ValueError:
        number = -1
    if number < 0:
        raise LimitError(
            f"{name} cannot be used.",
            got=repr(value),
            expected="a whole number, 0 or above",
            advice="Correct the argument (after rendering, if it is a template) and clear the task.",
        )
    return number


def _seconds(name: str, value: object) -> float:
    try:
        found = seconds(value)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise LimitError(
            f"{name} cannot be used.",
            got=repr(value),
            expected='a duration above 0, such as 90, "90s" or "10m"',
            advice="Correct the argument (after rendering, if it is a template) and clear the task.",
        )
    return found
