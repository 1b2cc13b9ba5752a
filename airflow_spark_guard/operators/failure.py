"""The one seam where a failure of ours becomes Airflow's: what is told of it, and whether Airflow retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_spark_guard.core.errors import AttemptError, SparkGuardError
from airflow_spark_guard.core.failure.retry import Advice, Tries, advise
from airflow_spark_guard.core.failure.verdict_summary import verdict_summary
from airflow_spark_guard.hooks.marked_log import MarkedLog
from airflow_spark_guard.operators.retry_policy import AIRFLOW_ASKS, SparkGuardRetryPolicy, attempts_so_far
from airflow_spark_guard.operators.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import BaseOperator

VERDICT_KEY = "spark_guard_verdict"


def report(error: SparkGuardError, operator: BaseOperator, context: Mapping[str, Any]) -> None:
    """Push the verdict, and have Airflow fail the task at once where no retry can help.

    To be called where the error is caught, before it is raised on.
    """
    ti = task_instance(context)
    attempts = attempts_so_far(ti.try_number, ti.max_tries, operator.retries) if ti is not None else 1
    advice = advise(error, attempts)
    if ti is not None and isinstance(error, AttemptError):
        _push(error, advice, operator, ti)
    if _user_decides(operator):
        return
    if not advice.retry:
        MarkedLog(operator.log).info("No retry: %s", advice.hint)
        end_retries(error)
    elif not AIRFLOW_ASKS:  # else Airflow logs the policy's reason, which is the same
        over = "" if ti is None or _tries(ti).left else _tries(ti).over()
        MarkedLog(operator.log).info("%s %s", over or "A retry may help:", advice.hint)


def report_final(error: SparkGuardError, operator: BaseOperator, context: Mapping[str, Any]) -> None:
    """The same for a sensor: what has happened to an application another try of the sensor cannot change."""
    ti = task_instance(context)
    hint = "The application's past stays the same: run the application anew, then clear the sensor."
    if ti is not None and isinstance(error, AttemptError):
        _push(error, Advice(retry=False, times=0, hint=hint), operator, ti)
    if not _user_decides(operator):
        MarkedLog(operator.log).info("No retry: %s", hint)
        end_retries(error)


def end_retries(error: SparkGuardError) -> None:
    """Make this error an ``AirflowFailException`` too; class name, text, attributes and traceback stay.

    The same object, not a new one raised from it: Airflow's log shows a failure and its cause in full.
    """
    error.__class__ = _final(type(error))


def _user_decides(operator: BaseOperator) -> bool:
    """Whether the user gave a policy of his own, which Airflow asks about no AirflowFailException."""
    policy = getattr(operator, "retry_policy", None)
    return policy is not None and type(policy) is not SparkGuardRetryPolicy


def _tries(ti: Any) -> Tries:
    return Tries(ti.try_number, ti.max_tries + 1)


def _push(error: AttemptError, advice: Advice, operator: BaseOperator, ti: Any) -> None:
    try:
        ti.xcom_push(key=VERDICT_KEY, value=verdict_summary(error, advice, _tries(ti).left))
    except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, the failure comes first
        MarkedLog(operator.log).warning(
            "The XCom %s could not be pushed: %s: %s", VERDICT_KEY, type(problem).__name__, problem
        )


class _FinalError(AirflowFailException):
    """What the classes of :func:`_final` have in common; beside it each has a class of ours as a base."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickle finds a class by its name, and by that name it would find the one that may be retried.
        return _restored, (type(self).__bases__[0], self.args), vars(self)

    def serialize(self) -> tuple[str, tuple[str], dict[str, Any]]:
        """As Airflow stores an exception: it reads back no class but its own."""
        kind = AirflowFailException
        return f"{kind.__module__}.{kind.__name__}", (str(self),), {}


# One class for each of ours, so that two such errors are of one type.
_FINAL_KINDS: dict[type[SparkGuardError], type[SparkGuardError]] = {}


def _final(kind: type[SparkGuardError]) -> type[SparkGuardError]:
    if issubclass(kind, AirflowFailException):
        return kind
    # Logs show a class by these names, and the user looks for the one of the documentation.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return _FINAL_KINDS.setdefault(kind, type(kind.__name__, (kind, _FinalError), names))


def _restored(kind: type[SparkGuardError], arguments: tuple[Any, ...]) -> SparkGuardError:
    final = _final(kind)
    return final(*arguments)
