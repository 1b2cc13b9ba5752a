"""``SparkGuardRetryPolicy``: whether a failed Spark task runs again depends on what it failed of."""

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
    """Retries by verdict: what the same input must bring about again fails at once, anything else is retried.

    ``SafeSparkSubmitOperator`` uses it where no ``retry_policy`` is given. Give it yourself to a task that
    uses ``SafeSparkSubmitHook``, or as one of several in a ``ChainRetryPolicy``: it decides on this
    package's exceptions and leaves every other one to the task's ``retries``. It never adds a retry.

    Raises:
        BadInputError: this Airflow is older than 3.3 and has no retry policies.
    """

    def __init__(self) -> None:
        if not AIRFLOW_ASKS:
            raise BadInputError(
                "SparkGuardRetryPolicy needs an Airflow with retry policies.",
                got=f"Airflow {airflow_version}",
                expected="Airflow 3.3 or newer",
                advice="Leave retry_policy out: SafeSparkSubmitOperator fails at once without it too, where "
                "no retry can help.",
            )

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Mapping[str, Any] | None = None,
    ) -> RetryDecision:
        """Fail, retry, or for an exception that is none of this package's leave it to ``retries``.

        Where a retry can help and none is left, Airflow fails the task by itself: the decision is its
        default, and only the reason says so.
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
        """It has no parameters."""
        return {"__type": type(self).__name__}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SparkGuardRetryPolicy:  # noqa: ARG003 - there is none
        """The only one there is."""
        return cls()

    def __repr__(self) -> str:  # without an address: Airflow compares representations of DAGs
        return f"{type(self).__name__}()"


def attempts_so_far(try_number: int, max_tries: int, retries: int | None) -> int:
    """Attempts since the task was started or cleared, this one included.

    Airflow goes on counting tries after a clear and sets ``max_tries`` to the last try + ``retries``.
    """
    first = 1 if retries is None else max_tries - retries + 1
    return max(1, try_number - max(1, first) + 1)
