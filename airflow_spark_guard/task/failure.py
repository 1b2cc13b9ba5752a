"""The one place where our failure becomes Airflow's: it pushes the verdict and decides about a retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.errors import AttemptError, SparkGuardError
from airflow_spark_guard.core.failure.retry import Tries, advise
from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY, verdict_summary
from airflow_spark_guard.core.verdict_table import RetryAdvice, never
from airflow_spark_guard.hooks.airflow_errors import end_retries
from airflow_spark_guard.task.retry_policy import AIRFLOW_ASKS, SparkGuardRetryPolicy, attempts_so_far
from airflow_spark_guard.task.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import BaseOperator


def report(error: SparkGuardError, operator: BaseOperator, context: Mapping[str, Any]) -> SparkGuardError:
    """Push the verdict; returns the exception to raise, which fails the task at once if no retry can help.

    Call it where the error is caught.
    """
    ti = task_instance(context)
    attempts = attempts_so_far(ti.try_number, ti.max_tries, operator.retries) if ti is not None else 1
    advice = advise(error, attempts)
    if ti is not None and isinstance(error, AttemptError):
        _push(error, advice, operator, ti)
    if _user_decides(operator):
        return error
    if not advice.retry:
        MarkedLog(operator.log).info("No retry: %s", advice.hint)
        return end_retries(error)
    if not AIRFLOW_ASKS:  # else Airflow logs this text as the policy's reason
        over = "" if ti is None or _tries(ti).left else _tries(ti).over()
        MarkedLog(operator.log).info("%s %s", over or "A retry may help:", advice.hint)
    return error


def report_final(
    error: SparkGuardError, operator: BaseOperator, context: Mapping[str, Any]
) -> SparkGuardError:
    """As :func:`report`, for a sensor, which never retries: the application's past does not change."""
    ti = task_instance(context)
    hint = "The application's past does not change: run the application again, then clear the sensor."
    if ti is not None and isinstance(error, AttemptError):
        _push(error, never(hint), operator, ti)
    if _user_decides(operator):
        return error
    MarkedLog(operator.log).info("No retry: %s", hint)
    return end_retries(error)


@dataclass
class ObservedVerdicts:
    """Pushes in observe mode the verdict of each finding that would have ended the attempt.

    Args:
        operator: of the task.
        context: of this try.
    """

    operator: BaseOperator
    context: Mapping[str, Any]
    _verdicts: tuple[str, ...] = ()

    def __call__(self, error: AttemptError) -> None:
        """Push the verdict. Must run on the task's main thread, because it talks to Airflow's supervisor."""
        self._verdicts = (*self._verdicts, str(error.verdict))
        ti = self.context.get("ti")
        if ti is not None:
            attempts = attempts_so_far(ti.try_number, ti.max_tries, self.operator.retries)
            _push(error, advise(error, attempts), self.operator, ti, self._verdicts)


def _user_decides(operator: BaseOperator) -> bool:
    """Whether the user has set a policy; Airflow does not consult it about an AirflowFailException."""
    policy = getattr(operator, "retry_policy", None)
    return policy is not None and type(policy) is not SparkGuardRetryPolicy


def _tries(ti: Any) -> Tries:
    return Tries(ti.try_number, ti.max_tries + 1)


def _push(
    error: AttemptError, advice: RetryAdvice, operator: BaseOperator, ti: Any, observed: tuple[str, ...] = ()
) -> None:
    try:
        ti.xcom_push(key=VERDICT_KEY, value=verdict_summary(error, advice, _tries(ti).left, observed))
    except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, the failure comes first
        MarkedLog(operator.log).warning(
            "The XCom %s could not be pushed: %s: %s", VERDICT_KEY, type(problem).__name__, problem
        )
