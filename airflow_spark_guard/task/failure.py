"""The one seam where a failure of ours becomes Airflow's: what is told of it, and whether Airflow retries."""

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
    """Push the verdict; the exception to raise, at which Airflow fails the task at once if no retry can help.

    To be called where the error is caught.
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
    if not AIRFLOW_ASKS:  # else Airflow logs the policy's reason, which is the same
        over = "" if ti is None or _tries(ti).left else _tries(ti).over()
        MarkedLog(operator.log).info("%s %s", over or "A retry may help:", advice.hint)
    return error


def report_final(
    error: SparkGuardError, operator: BaseOperator, context: Mapping[str, Any]
) -> SparkGuardError:
    """The same for a sensor: what has happened to an application another try of the sensor cannot change."""
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
    """Pushes what would have ended an attempt in observe mode, each time that something would.

    Args:
        operator: whose task it is.
        context: of this try.
    """

    operator: BaseOperator
    context: Mapping[str, Any]
    _verdicts: tuple[str, ...] = ()

    def __call__(self, error: AttemptError) -> None:
        """Push it; of the task's main thread, as everything that asks Airflow's supervisor."""
        self._verdicts = (*self._verdicts, str(error.verdict))
        ti = self.context.get("ti")
        if ti is not None:
            attempts = attempts_so_far(ti.try_number, ti.max_tries, self.operator.retries)
            _push(error, advise(error, attempts), self.operator, ti, self._verdicts)


def _user_decides(operator: BaseOperator) -> bool:
    """Whether the user gave a policy of his own, which Airflow asks about no AirflowFailException."""
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
