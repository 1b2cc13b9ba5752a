"""What a verdict decides: its exception, whether another try can help, and what users read of it. One table.

README shows it row by row and word by word (``tests/unit/core/test_verdict_table.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.errors import AttemptError


@dataclass(frozen=True)
class RetryAdvice:
    """Advice on the next try.

    Attributes:
        retry: whether to try again.
        times: retries that make sense at the most; None: as many as the task's ``retries`` says.
        hint: what to change, or why not; one sentence.
    """

    retry: bool
    times: int | None
    hint: str


@dataclass(frozen=True)
class VerdictRow:
    """One verdict.

    Attributes:
        exception: the class of its exception.
        advice: on the next try, where the evidence does not know better.
        meaning: what has happened, as README shows it.
        remedy: what to do, as README shows it.
        unless: what in the evidence turns the advice round; empty when nothing does.
        other: the verdict, where it is not the one that the class has by default.
    """

    exception: type[AttemptError]
    advice: RetryAdvice
    meaning: str
    remedy: str
    unless: str = ""
    other: Verdict | None = None

    @property
    def verdict(self) -> Verdict:
        """Whose row it is."""
        return self.other or self.exception.default_verdict

    @property
    def retried(self) -> str:
        """Whether it is tried again, as README shows it."""
        times = {None: "yes", 1: "once"}.get(self.advice.times, f"{self.advice.times} times")
        shown = times if self.advice.retry else "no"
        return f"{shown}, unless {self.unless}" if self.unless else shown


def again(hint: str, times: int | None = None) -> RetryAdvice:
    """Another try can help."""
    return RetryAdvice(retry=True, times=times, hint=hint)


def never(hint: str) -> RetryAdvice:
    """No other try can help."""
    return RetryAdvice(retry=False, times=0, hint=hint)


def table_of(*rows: VerdictRow) -> Mapping[Verdict, VerdictRow]:
    """The rows by their verdicts.

    Raises:
        ValueError: a verdict has no row, or several.
    """
    table = {row.verdict: row for row in rows}
    if len(rows) != len(table) or table.keys() != set(Verdict):
        counts = {str(verdict): sum(row.verdict is verdict for row in rows) for verdict in Verdict}
        msg = f"every verdict has one row; got: {counts}"
        raise ValueError(msg)
    return MappingProxyType(table)


VERDICTS: Final = table_of(
    VerdictRow(
        errors.UserCodeError,
        never("The same input fails at the same line."),
        "your script raised, called `sys.exit(n)`, or reported what XCom cannot hold",
        "the traceback names file and line; a missing module: whose Python lacks it",
    ),
    VerdictRow(
        errors.StalledError,
        again("Once: a second stall at the same line is not chance; see the line where it stood.", times=1),
        "a stage is active and nothing of it moved, or a Spark job is active and gets no stage",
        "see the line, if one is known; a time-out there, or `heartbeat()`",
    ),
    VerdictRow(
        errors.StarvedError,
        again("The cluster was full; a longer retry_delay helps more than many retries."),
        "a Spark job waited in vain for its first task, or for executors after the cluster took all of them "
        "back; or, with `limits.driver_silence`, a SparkContext for its application",
        "smaller executors, `spark.cores.max` for everybody, or `limits.start_timeout`; cancelled tasks of "
        "your own that hold the slots",
    ),
    VerdictRow(
        errors.ExecutorsLostError,
        again("The next try gets other executors; why these were lost, see above."),
        "more losses than `limits.executor_losses`, or no executor left",
        "by exit code and by the dead executor's stderr: memory for 137 and 52, `spark.driver.host` where "
        "executors cannot reach the driver, ...",
        unless="the stderr shows a wrong setting",
    ),
    VerdictRow(
        errors.WorkerCrashedError,
        never("Spark has tried that task again by itself; the same rows crash the same code."),
        "Python workers died again and again",
        "the native library in the traceback, or `spark.executor.pyspark.memory`",
    ),
    VerdictRow(
        errors.DriverSilentError,
        never("The driver's own code stands still; it would again. Call heartbeat() where it works long."),
        "`limits.driver_silence` passed",
        "see the line; `heartbeat()` between its parts",
    ),
    VerdictRow(
        errors.DeadlineError,
        again("It may have met a slow hour; if it needs that long, raise GuardLimits.deadline."),
        "it ran longer than its deadline",
        "raise `limits.deadline`, or look where it stood",
    ),
    VerdictRow(
        errors.DriverGoneError,
        again("The driver's Python did not end by itself; how it ended, see above."),
        "the driver's Python ended before its script: `os._exit(n)`, SIGKILL (137), a crash in native code "
        "(139)",
        "as the exit code says: let the script run to its end; more memory; the native library named in the "
        "output",
        unless="it left with an exit code of its own",
    ),
    VerdictRow(
        errors.DriverGoneError,
        again("The driver's JVM did not end by itself; how it ended, see above."),
        "the driver's JVM was killed",
        "as the signal says; after SIGKILL compare `spark.driver.memory` with the host's",
        other=Verdict.JVM_GONE,
    ),
    VerdictRow(
        errors.NotExitingError,
        never("Another try would wait like this one: look for a thread or an exit handler that waits."),
        "the script ended, its process did not: a non-daemon thread, an exit handler that waits",
        "wait for its threads in the script: `join()`, or `with ThreadPoolExecutor(...)` and `result()`; "
        "with a reported result it is only a warning",
    ),
    VerdictRow(
        errors.ToolchainError,
        again("Spark's own failure, not known to be permanent: see what to do above."),
        "one of Spark's own failures: a result beyond `maxResultSize`, a Kryo buffer, versions that differ, "
        "...",
        "the advice names the key",
        unless="the cause is permanent",
    ),
    VerdictRow(
        errors.VanishedError,
        again("Its manager lost or removed it; the same application may live next time."),
        "the master no longer knows the application",
        "see its page",
    ),
    VerdictRow(
        errors.KilledError,
        again("It was ended from outside, not by a fault of its own."),
        "a user, Airflow, or the supervisor's death ended it",
        "see who ended it",
    ),
    VerdictRow(
        errors.TakenOverError,
        never("A newer try of this task runs already."),
        "a newer try of the same task started on this host and ended this one",
        "see the newer try's log",
    ),
    VerdictRow(
        errors.AttemptError,
        again("The cause is not known, so nothing speaks against it."),
        "the cause is not known: the reaper itself was killed, a trigger failed, or its event cannot be read",
        "the host's log: who sent SIGKILL; the triggerer's log",
    ),
)
