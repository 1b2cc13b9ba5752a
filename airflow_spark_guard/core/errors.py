"""Every exception of this package.

::

    SparkGuardError                 the base class
    +-- BadInputError               found before anything starts; the same input fails again
    |   +-- ApplicationError        the application is missing, or Spark cannot run it
    |   +-- ArgumentError           an argument of the operator has the wrong type
    |   +-- ConfError               a Spark configuration value has the wrong type or unit
    |   +-- ProfileError            the profile does not exist
    |   +-- LimitError              a limit is not a duration, a size or a count
    |   +-- ConnectionMissingError  the Airflow connection does not exist or cannot be used
    |   +-- SparkSubmitMissingError spark-submit does not exist
    |   +-- JavaError               Java is missing, or this Spark cannot use it
    |   +-- ImpossibleError         no worker of the cluster can fit one executor of this size
    +-- AttemptError                an attempt has started and failed; has a ``verdict``
    |   +-- DeadlineError           the attempt ran longer than its deadline
    |   +-- UserCodeError           the application raised, or exited with its own code
    |   +-- ResultError             the application reported a result that XCom cannot hold
    |   +-- StarvedError            no executor ran a task
    |   +-- StalledError            an active stage made no progress
    |   +-- ExecutorsLostError      executors were lost repeatedly, or none is left
    |   +-- WorkerCrashedError      Python workers died repeatedly
    |   +-- DriverSilentError       no Spark job and no heartbeat: the driver's own code hangs
    |   +-- VanishedError           the manager no longer knows the application
    |   +-- DriverGoneError         a driver process ended without the closing message
    |   +-- NotExitingError         the script ended, but its process did not
    |   +-- SubmitError             spark-submit failed before the application started
    |   +-- ToolchainError          Spark itself failed, not the script
    |   +-- KilledError             the attempt was killed from outside
    |   |   +-- TakenOverError      a newer try of the same task ended the attempt
    +-- MonitorError                a Spark server gave no usable answer
    +-- ProtocolError               a message on the channel does not follow the wire protocol
    +-- TriggerEventError           a trigger's event cannot be used
    +-- RecordError                 a folder is not a record, or its record cannot be read

A message states what happened, what was found, what was expected and what to do next; the parts are
attributes too. Exceptions that leave a hook, an operator or a sensor are also an ``AirflowException``
(``hooks/airflow_errors.py``). ``core/verdict_table.py`` has the exception of each verdict. An exception never
changes (``core/failure/evolved.py``). Two kinds are not in this tree. The job's side has ``SampleError``,
``InfiniteValuesError``, ``TooManyRowsError``, ``NotUnrolledError``, ``OptionError``, ``ReportError``,
``UnfitValueError``, ``WorkerError``, ``InstrumentError``, ``UnpicklableError``, ``FrameError``,
``NotAFrameError``, ``StoppedSessionError``, ``CheckpointDirectoryError``, ``ShippingError``. Internal:
``DriverObjectError``, ``OutOfTimeError``, ``UnusableAnswerError``, ``RefusedError``, ``NotSeenError``,
``_MismatchError``, ``StoreGoneError``, ``StoreSlowError``, ``LateError``, ``_OverError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.wrapping import wrapped


class SparkGuardError(Exception):
    """Base class of this package's exceptions.

    Args:
        what: what is wrong, and where; one sentence.
        got: the value found, in the form to show (the caller has masked secrets).
        expected: what would be valid.
        advice: what to do next.
    """

    def __init__(self, what: str, *, got: str = "", expected: str = "", advice: str = "") -> None:
        self.what = what
        self.got = got
        self.expected = expected
        self.advice = advice
        super().__init__(what)

    def __str__(self) -> str:
        return "\n".join([*wrapped(self.what), *self._rows()])

    def _rows(self) -> list[str]:
        rows = (("got", self.got), ("expected", self.expected), ("do", self.advice))
        return [line for name, text in rows if text for line in wrapped(f"  {name}: {text}")]


class BadInputError(SparkGuardError):
    """A mistake found before anything starts; the same input fails again."""


class ApplicationError(BadInputError):
    """The application is missing, or Spark cannot run it."""


class ArgumentError(BadInputError):
    """An argument of the operator has the wrong type."""


class ConfError(BadInputError):
    """A Spark configuration value has the wrong type or unit."""


class ProfileError(BadInputError):
    """The profile does not exist."""


class LimitError(BadInputError):
    """A limit is not a duration, a size or a count."""


class ConnectionMissingError(BadInputError):
    """The Airflow connection does not exist or cannot be used."""


class SparkSubmitMissingError(BadInputError):
    """spark-submit does not exist."""


class JavaError(BadInputError):
    """Java is missing, or this Spark cannot use it."""


class ImpossibleError(BadInputError):
    """No worker of the cluster can fit one executor of this size."""


@dataclass(frozen=True)
class AttemptDetails:
    """What is known of a failed attempt besides what went wrong.

    Attributes:
        where: the line of the user's own Python, ``file:line, function``; empty if it is not known.
        record: the folder of the attempt's record; empty if there is none.
        limit: the limit that ended it, seconds; None if no limit did.
        retry: whether this failure is worth a retry; None if the verdict alone decides.
        evidence_shown: whether the evidence is the last lines of output in the task log.
        evidence_logged: whether the task log already has the evidence; the text then omits it.
    """

    where: str = ""
    record: str = ""
    limit: float | None = None
    retry: bool | None = None
    evidence_shown: bool = False
    evidence_logged: bool = False


_NO_DETAILS = AttemptDetails()


class AttemptError(SparkGuardError):
    """An attempt has started and failed; the arguments become attributes, and so does each of the details.

    Args:
        what: as in :class:`SparkGuardError`, like ``got``, ``expected`` and ``advice``.
        evidence: what was seen, newest last: a traceback, the last lines of output; already bounded.
        orphans: processes that could not be confirmed as ended, each as ``pid command``.
        verdict: None for the one of the class.
        details: where, record, limit and retry.
    """

    default_verdict: ClassVar[Verdict] = Verdict.UNKNOWN

    def __init__(
        self,
        what: str,
        *,
        got: str = "",
        expected: str = "",
        advice: str = "",
        evidence: str = "",
        orphans: tuple[str, ...] = (),
        verdict: Verdict | None = None,
        details: AttemptDetails = _NO_DETAILS,
    ) -> None:
        super().__init__(what, got=got, expected=expected, advice=advice)
        self.evidence = evidence
        self.orphans = orphans
        self.verdict = verdict or self.default_verdict
        self.where = details.where
        self.record = details.record
        self.limit = details.limit
        self.retry = details.retry
        self.evidence_shown = details.evidence_shown
        self.evidence_logged = details.evidence_logged

    @property
    def place(self) -> str:
        """The value of ``where``, under its name until 0.7; kept for code that reads it."""
        return self.where

    def __str__(self) -> str:
        rows = [*wrapped(f"{self.verdict}: {self.what}"), *self._rows()]
        rows += [f"  where: {self.where}"] if self.where else []
        rows += [f"  record: {self.record}"] if self.record else []
        rows += [f"  possible orphan: {orphan}" for orphan in self.orphans]
        if self.evidence and not self.evidence_logged:
            rows += ["", self.evidence]
        return "\n".join(rows)


class DeadlineError(AttemptError):
    """The attempt ran longer than its deadline."""

    default_verdict = Verdict.DEADLINE


class UserCodeError(AttemptError):
    """The application raised, or exited with its own code."""

    default_verdict = Verdict.USER_CODE


class ResultError(AttemptError):
    """The application reported a result that XCom cannot hold."""

    default_verdict = Verdict.USER_CODE


class StarvedError(AttemptError):
    """No executor ran a task."""

    default_verdict = Verdict.STARVED


class StalledError(AttemptError):
    """An active stage made no progress, or a Spark job got no stage."""

    default_verdict = Verdict.STALLED


class ExecutorsLostError(AttemptError):
    """Executors were lost repeatedly, or none is left."""

    default_verdict = Verdict.EXECUTORS_LOST


class WorkerCrashedError(AttemptError):
    """Python workers died repeatedly."""

    default_verdict = Verdict.WORKER_CRASHED


class DriverSilentError(AttemptError):
    """No Spark job and no heartbeat: the driver's own code hangs."""

    default_verdict = Verdict.DRIVER_SILENT


class VanishedError(AttemptError):
    """The manager no longer knows the application."""

    default_verdict = Verdict.VANISHED


class DriverGoneError(AttemptError):
    """A driver process ended without the closing message."""

    default_verdict = Verdict.DRIVER_GONE


class NotExitingError(AttemptError):
    """The script ended, but its process did not."""

    default_verdict = Verdict.NOT_EXITING


class SubmitError(AttemptError):
    """spark-submit failed before the application started."""

    default_verdict = Verdict.TOOLCHAIN


class ToolchainError(AttemptError):
    """Spark itself failed, not the script."""

    default_verdict = Verdict.TOOLCHAIN


class KilledError(AttemptError):
    """The attempt was killed from outside."""

    default_verdict = Verdict.KILLED


class TakenOverError(KilledError):
    """A newer try of the same task ended the attempt."""

    default_verdict = Verdict.TAKEN_OVER


class MonitorError(SparkGuardError):
    """A Spark server gave no usable answer: no answer, not Spark's, or a refusal."""


class ProtocolError(SparkGuardError):
    """A message on the channel does not follow the wire protocol."""


class TriggerEventError(SparkGuardError):
    """A trigger's event cannot be used: it has another version, or is not from this package."""


class RecordError(SparkGuardError):
    """A folder is not a record, or its record cannot be read."""
