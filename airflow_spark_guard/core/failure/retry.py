"""Whether another try can help, and what to change before it: one table, by verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_spark_guard.core.errors import AttemptError, BadInputError, SparkGuardError
from airflow_spark_guard.core.verdict import Verdict


@dataclass(frozen=True)
class Advice:
    """Advice on the next try.

    Attributes:
        retry: whether to try again.
        times: retries that make sense at the most; None: as many as the task's ``retries`` says.
        hint: what to change, or why not; one sentence.
    """

    retry: bool
    times: int | None
    hint: str


def _again(hint: str, times: int | None = None) -> Advice:
    return Advice(retry=True, times=times, hint=hint)


def _never(hint: str) -> Advice:
    return Advice(retry=False, times=0, hint=hint)


BY_VERDICT: Final[dict[Verdict, Advice]] = {
    Verdict.DEADLINE: _again(
        "It may have met a slow hour; if it needs that long, raise GuardLimits.deadline.",
    ),
    Verdict.STARVED: _again("The cluster was full; a longer retry_delay helps more than many retries."),
    Verdict.STALLED: _again(
        "Once: a second stall at the same place is no accident, see the line where it stood.", times=1
    ),
    Verdict.EXECUTORS_LOST: _again("The next try gets other executors; why these were lost, see above."),
    Verdict.WORKER_CRASHED: _never(
        "Spark has tried that task again by itself; the same rows crash the same code."
    ),
    Verdict.DRIVER_SILENT: _never(
        "The driver's own code stands still; it would again. Call heartbeat() where it works long."
    ),
    Verdict.NOT_EXITING: _never(
        "The script has done its work; look for a thread or an exit handler that waits."
    ),
    Verdict.JVM_GONE: _again("The driver's JVM did not end by itself; how it ended, see above."),
    Verdict.DRIVER_GONE: _again("The driver's Python did not end by itself; how it ended, see above."),
    Verdict.USER_CODE: _never("The same input fails at the same line."),
    Verdict.TOOLCHAIN: _again("Spark's own failure, not known to be permanent: see what to do above."),
    Verdict.VANISHED: _again("Its manager lost or removed it; the same application may live next time."),
    Verdict.KILLED: _again("It was ended from outside, not by a fault of its own."),
    Verdict.TAKEN_OVER: _never("A newer try of this task runs already."),
    Verdict.UNKNOWN: _again("The cause is not known, so nothing speaks against it."),
}

_BAD_INPUT: Final = _never("Nothing was started, and the same input is refused again.")
_NOT_AN_ATTEMPT: Final = BY_VERDICT[Verdict.UNKNOWN]


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


def advise(error: SparkGuardError, attempts_so_far: int) -> Advice:
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
    row = BY_VERDICT[error.verdict]
    known: bool | None = getattr(error, "retry", None)
    if known is False:
        return _never(error.advice or row.hint)
    if known and not row.retry:
        return _again(error.advice or row.hint)
    if row.times is not None and attempts_so_far > row.times:
        return _never(row.hint)
    return row
