"""Whether another try can help, and what to change before it: by the evidence, else by the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_spark_guard.core.errors import AttemptError, BadInputError, SparkGuardError
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import VERDICTS, RetryAdvice, again, never

_BAD_INPUT: Final = never("Nothing was started, and the same input is refused again.")
_NOT_AN_ATTEMPT: Final = VERDICTS[Verdict.UNKNOWN].advice


@dataclass(frozen=True)
class Tries:
    """How far Airflow is with the tries of a task.

    Attributes:
        number: of this try; Airflow's ``try_number``, which goes on counting after a clear.
        last: the highest number that may come; Airflow's ``max_tries`` and one, after a clear too.
    """

    number: int
    last: int

    @property
    def left(self) -> int:
        """Tries that Airflow may still make."""
        return max(0, self.last - self.number)

    def over(self) -> str:
        """The sentence of a last try."""
        return f"No retry is left: this was try {self.number} of {max(self.number, self.last)}."


def advise(error: SparkGuardError, attempts_so_far: int) -> RetryAdvice:
    """Whether another try can help after this error.

    What a diagnosis says of retrying (``error.retry``) goes before the verdict's row: it knows the cause.
    A row with a number of retries says no once they are used up.

    Args:
        error: what the attempt died of.
        attempts_so_far: tries made, this one included; Airflow's ``try_number``.
    """
    if isinstance(error, BadInputError):
        return _BAD_INPUT
    if not isinstance(error, AttemptError):
        return _NOT_AN_ATTEMPT
    advice = VERDICTS[error.verdict].advice
    if error.retry is False:
        return never(error.advice or advice.hint)
    if error.retry and not advice.retry:
        return again(error.advice or advice.hint)
    if advice.times is not None and attempts_so_far > advice.times:
        return never(advice.hint)
    return advice
