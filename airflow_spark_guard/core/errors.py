"""Every exception of this package.

::

    SparkGuardError                 all of ours
    +-- BadInputError               found before anything was started; the same input fails again
    |   +-- ApplicationError        the application is missing, or is not what Spark can run
    |   +-- ArgumentError           an argument of the operator of the wrong type
    |   +-- ConfError               a Spark configuration value of the wrong type or unit
    |   +-- ProfileError            no such profile
    |   +-- LimitError              a limit that is not a duration, a size or a count
    |   +-- ConnectionMissingError  no Airflow connection of that name, or one that cannot be used
    |   +-- SparkSubmitMissingError no spark-submit where one was said to be
    |   +-- JavaError               no Java, or one that this Spark cannot use
    |   +-- ImpossibleError         no worker of the cluster can ever fit one executor of this size
    +-- AttemptError                an attempt was started and is not a success; has a ``verdict``
    |   +-- DeadlineError           it ran longer than its deadline
    |   +-- UserCodeError           the application raised, or left with an exit code of its own
    |   +-- ResultError             the application reported a result that XCom cannot hold
    |   +-- StarvedError            no executor ever took a task
    |   +-- StalledError            a stage is active and nothing of it moved
    |   +-- ExecutorsLostError      executors were lost again and again, or none was left
    |   +-- WorkerCrashedError      Python workers died again and again
    |   +-- DriverSilentError       no Spark job, no heartbeat: the driver's own code stands still
    |   +-- VanishedError           its manager no longer knows the application
    |   +-- DriverGoneError         a driver process ended without the closing message
    |   +-- NotExitingError         the script ended, its process did not
    |   +-- SubmitError             spark-submit failed before the application started
    |   +-- ToolchainError          Spark's own failure, not the script's
    |   +-- KilledError             somebody ended the attempt
    |   |   +-- TakenOverError      a newer try of the same task ended it
    +-- MonitorError                a server of Spark's gave no usable answer
    +-- ProtocolError               a message on the channel that is not of the wire protocol
    +-- TriggerEventError           a trigger's event that cannot be used

Every message says what happened, what was got, what was expected and what to do next, in that order;
the parts are attributes too. What leaves a hook, an operator or a sensor is an ``AirflowException`` as well
(``hooks/airflow_errors.py``). Which exception a verdict has is in ``core/verdict_table.py``. Nothing changes
an exception once it is made: what becomes known later makes a new one (``core/failure/evolved.py``).

Two kinds are not of this tree. The job's side ships alone and has its own: ``SampleError``,
``InfiniteValuesError``, ``TooManyRowsError``, ``NotUnrolledError``, ``OptionError``, ``ReportError``,
``UnfitValueError`` and ``WorkerError``. And four pass between modules and never reach a user:
``UnusableAnswerError`` and ``RefusedError`` (a server's answer), ``NotSeenError`` (a process that could not
be looked at), ``_MismatchError`` (stored JSON of another shape).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.wrapping import wrapped


class SparkGuardError(Exception):
    """Root of this package's exceptions.

    Args:
        what: one sentence: what is wrong, and where.
        got: the value that was found, as it should be shown (secrets masked by the caller).
        expected: what would have been right.
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
    """Found before anything was started; the same input fails in the same way again."""


class ApplicationError(BadInputError):
    """The application is missing, or is not what Spark can run."""


class ArgumentError(BadInputError):
    """An argument of the operator of the wrong type."""


class ConfError(BadInputError):
    """A Spark configuration value of the wrong type or unit."""


class ProfileError(BadInputError):
    """No such profile."""


class LimitError(BadInputError):
    """A limit that is not a duration, a size or a count."""


class ConnectionMissingError(BadInputError):
    """No Airflow connection of that name, or one that cannot be used."""


class SparkSubmitMissingError(BadInputError):
    """No spark-submit where one was said to be."""


class JavaError(BadInputError):
    """No Java, or one that this Spark cannot use."""


class ImpossibleError(BadInputError):
    """No worker of the cluster can ever fit one executor of this size."""


@dataclass(frozen=True)
class AttemptDetails:
    """What is known of a failed attempt beside what went wrong.

    Attributes:
        where: the line of the user's own Python, ``file:line, function``; empty when it is not known.
        record: the folder that the attempt leaves behind; empty when there is none.
        limit: the limit that ended it, seconds; None when it ended otherwise.
        retry: whether this failure is worth a retry; None where the verdict alone decides.
        evidence_shown: whether the last lines of output in the task log are the evidence.
        evidence_logged: whether the task log has the evidence already; the text then leaves it out.
    """

    where: str = ""
    record: str = ""
    limit: float | None = None
    retry: bool | None = None
    evidence_shown: bool = False
    evidence_logged: bool = False


_NO_DETAILS = AttemptDetails()


class AttemptError(SparkGuardError):
    """An attempt was started and is not a success.

    What it is given are its attributes; each of the details is one by its own name.

    Args:
        what: as in :class:`SparkGuardError`, as are ``got``, ``expected`` and ``advice``.
        evidence: what was seen, newest last: a traceback, the last lines of output; already bounded.
        orphans: processes that could not be proven gone, each as ``pid command``.
        verdict: when not the one of the class.
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
        """The same as ``where``: its name until 0.7, kept for code that reads it."""
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
    """It ran longer than its deadline."""

    default_verdict = Verdict.DEADLINE


class UserCodeError(AttemptError):
    """The application raised, or left with an exit code of its own."""

    default_verdict = Verdict.USER_CODE


class ResultError(AttemptError):
    """The application reported a result that XCom cannot hold."""

    default_verdict = Verdict.USER_CODE


class StarvedError(AttemptError):
    """No executor ever took a task."""

    default_verdict = Verdict.STARVED


class StalledError(AttemptError):
    """A stage is active and nothing of it moved."""

    default_verdict = Verdict.STALLED


class ExecutorsLostError(AttemptError):
    """Executors were lost again and again, or none was left."""

    default_verdict = Verdict.EXECUTORS_LOST


class WorkerCrashedError(AttemptError):
    """Python workers died again and again."""

    default_verdict = Verdict.WORKER_CRASHED


class DriverSilentError(AttemptError):
    """No Spark job, no heartbeat: the driver's own code stands still."""

    default_verdict = Verdict.DRIVER_SILENT


class VanishedError(AttemptError):
    """Its manager no longer knows the application."""

    default_verdict = Verdict.VANISHED


class DriverGoneError(AttemptError):
    """A driver process ended without the closing message."""

    default_verdict = Verdict.DRIVER_GONE


class NotExitingError(AttemptError):
    """The script ended, its process did not."""

    default_verdict = Verdict.NOT_EXITING


class SubmitError(AttemptError):
    """spark-submit failed before the application started."""

    default_verdict = Verdict.TOOLCHAIN


class ToolchainError(AttemptError):
    """Spark's own failure, not the script's."""

    default_verdict = Verdict.TOOLCHAIN


class KilledError(AttemptError):
    """Somebody ended the attempt."""

    default_verdict = Verdict.KILLED


class TakenOverError(KilledError):
    """A newer try of the same task ended it."""

    default_verdict = Verdict.TAKEN_OVER


class MonitorError(SparkGuardError):
    """A server of Spark's gave no usable answer: none at all, another server's, or one that refuses us."""


class ProtocolError(SparkGuardError):
    """A message on the channel that is not of the wire protocol."""


class TriggerEventError(SparkGuardError):
    """A trigger's event that cannot be used: of another version, or not one of this package's."""
