"""``SparkGuardRetryPolicy``: the cause of a Spark task's failure decides whether it is retried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version

from airflow_spark_guard.core.errors import BadInputError, SparkGuardError
from airflow_spark_guard.core.failure.retry import Tries, advise

try:
    from airflow.sdk import RetryAction, RetryDecision, RetryPolicy
except ImportError:  # Airflow below 3.3
    AIRFLOW_ASKS = False
    RetryPolicy = object  # type: ignore[assignment,misc]
else:
    AIRFLOW_ASKS = True

if TYPE_CHECKING:
    from collections.abc import Mapping


class SparkGuardRetryPolicy(RetryPolicy):
    """Retries by verdict: a failure that the same input would repeat fails at once; any other is retried.

    ``SafeSparkSubmitOperator`` uses it unless you set a ``retry_policy``. Set it yourself on a task that uses
    ``SafeSparkSubmitHook``, or as one of several in a ``ChainRetryPolicy``: it decides on this package's
    exceptions and leaves all others to the task's ``retries``. It never adds a retry.

    Raises:
        BadInputError: this Airflow is older than 3.3, which has no retry policies.
    """

    def __init__(self) -> None:
        if not AIRFLOW_ASKS:
            raise BadInputError(
                "SparkGuardRetryPolicy requires an Airflow with retry policies.",
                got=f"Airflow {airflow_version}",
                expected="Airflow 3.3 or newer",
                advice="Omit retry_policy: SafeSparkSubmitOperator fails at once without it too if no retry "
                "can help.",
            )

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Mapping[str, Any] | None = None,
    ) -> RetryDecision:
        """Fail or retry; leave an exception of another package to ``retries``.

        If a retry can help but none is left, Airflow fails the task by itself: the decision is its default,
        and only the reason states it.
        """
        if not isinstance(exception, SparkGuardError):
            return RetryDecision.default()
        retries = getattr((context or {}).get("task"), "retries", None)
        advice = advise(exception, attempts_so_far(try_number, max_tries, retries))
        tries = Tries(try_number, max_tries + 1)
        if not advice.retry:
            return RetryDecision.fail(reason=advice.hint)
        if tries.left:
            return RetryDecision.retry(reason=advice.hint)
        return RetryDecision(RetryAction.DEFAULT, reason=f"{tries.over()} {advice.hint}")

    def serialize(self) -> dict[str, Any]:
        """The class name; the policy has no parameters."""
        return {"__type": type(self).__name__}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SparkGuardRetryPolicy:  # noqa: ARG003 - there is none
        """A new policy; it has no parameters."""
        return cls()

    def __repr__(self) -> str:  # without an address: Airflow compares representations of DAGs
        return f"{type(self).__name__}()"


def attempts_so_far(try_number: int, max_tries: int, retries: int | None) -> int:
    """Number of attempts since the task was started or cleared, including this one.

    After a clear, Airflow continues to count tries and sets ``max_tries`` to the last try + ``retries``.
    """
    first = 1 if retries is None else max_tries - retries + 1
    return max(1, try_number - max(1, first) + 1)
