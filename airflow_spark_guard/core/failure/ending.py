"""How an attempt ended: from what was seen to a result, or to the exception that says it best."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.found import error_of, located
from airflow_spark_guard.core.failure.said import diagnosed, said_by_the_job
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.heard import Heard

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.stack.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding

_DRIVER_TIMEOUT_EXIT = 124  # Spark's DriverTimeoutPlugin
_SHELL_SIGNAL_BASE = 128  # spark-submit's code for a driver Python that a signal ended


class Cause(StrEnum):
    """What made the attempt end."""

    COMMAND_ENDED = "the command ended"
    FINDING = "the watchdog ended it"
    DEADLINE = "the deadline passed"
    KILLED = "somebody ended the task"
    GUARDIAN = "the supervisor above the task is gone"
    REAPER_GONE = "the reaper was killed"


@dataclass(frozen=True)
class Ending:
    """Everything known when the attempt is over.

    Attributes:
        cause: what made it end.
        exit_status: of spark-submit, negative for a signal; None when it was never collected.
        heard: what came over the channel.
        speaks: whether the application runs under our launcher, and therefore says hello and bye.
        seconds: how long it ran.
        backstop: when the reaper would have ended it by itself, in seconds.
        finding: what the watchdog found; None unless that ended it.
        autopsy: what the last look at a job that was ended has shown; None where there was none.
        evidence: the telling part of the output.
        orphans: processes that could not be proven gone.
    """

    cause: Cause
    exit_status: int | None
    heard: Heard = field(default_factory=Heard)
    speaks: bool = True
    seconds: float = 0.0
    backstop: float = 0.0
    finding: Finding | None = None
    autopsy: Autopsy | None = None
    evidence: str = ""
    orphans: tuple[str, ...] = ()

    def with_orphans(self, more: tuple[str, ...]) -> Ending:
        """The same with what was found later."""
        return replace(self, orphans=self.orphans + more)


def failure(ending: Ending) -> AttemptError | None:
    """The exception for this ending, or None when the attempt is a success.

    Success of a Python application needs exit code 0 *and* the closing message; of any other, exit code 0.
    """
    if ending.cause not in {Cause.COMMAND_ENDED, Cause.FINDING}:
        return _ended_from_outside(ending)
    if ending.heard.error is not None:
        return said_by_the_job(ending.heard.error, ending.orphans)
    if ending.finding is not None:
        return _found(ending, ending.finding)
    if ending.exit_status == 0 and (ending.heard.bye or not ending.speaks):
        return None
    return _ended_by_itself(ending)


def _ended_by_itself(ending: Ending) -> AttemptError:
    if ending.exit_status == _DRIVER_TIMEOUT_EXIT:
        return errors.DeadlineError(
            "spark.driver.timeout has ended the driver.",
            advice="Raise it, or GuardLimits.deadline from which the profile derives it.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    own = None if ending.heard.bye else diagnose("", ending.exit_status)
    if own is not None:
        # A code with which the JVM ends by itself: nobody was left to send an error.
        return diagnosed(own, ending.evidence, ending.orphans)
    if ending.heard.hello or _is_killed(ending.exit_status):
        return _driver_gone(ending)
    return _failed_without_a_word(ending)


def _found(ending: Ending, finding: Finding) -> AttemptError | None:
    if finding.verdict is Verdict.NOT_EXITING and ending.heard.has_result:
        return None
    seen = ending.autopsy
    evidence = "\n".join(seen.summary) if seen is not None and seen.summary else ending.evidence
    error = error_of(finding, evidence=evidence, orphans=ending.orphans)
    return located(error, seen, suspected=bool(finding.suspect))


def _failed_without_a_word(ending: Ending) -> AttemptError:
    found = diagnose(ending.evidence, ending.exit_status)
    if found is not None and found.verdict is not Verdict.USER_CODE:
        return diagnosed(found, ending.evidence, ending.orphans)
    if not ending.speaks:
        return errors.UserCodeError(
            "The application ended with a failure.",
            got=_exit_text(ending.exit_status),
            expected="exit code 0",
            advice="Read the lines below: only Python applications tell more.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    return errors.SubmitError(
        "spark-submit failed before the application started.",
        got=_exit_text(ending.exit_status),
        advice="Read the lines below; --verbose (verbose=True) shows the class path and every property.",
        evidence=ending.evidence,
        orphans=ending.orphans,
    )


def _ended_from_outside(ending: Ending) -> AttemptError:
    seen: dict[str, Any] = {"evidence": ending.evidence, "orphans": ending.orphans}
    if ending.cause is Cause.DEADLINE:
        return errors.DeadlineError(
            f"The reaper ended the attempt at {readable_duration(ending.backstop)}: the task's own process "
            "did not.",
            advice="If the job is healthy, raise GuardLimits.deadline; if not, see where its output stops.",
            **seen,
        )
    if ending.cause is Cause.REAPER_GONE:
        return errors.KilledError(
            "The reaper, which held the job's processes, is gone without a report, and so is the job.",
            advice="Mostly it was killed from outside: look for an out-of-memory killer in the host's log.",
            verdict=Verdict.UNKNOWN,
            **seen,
        )
    return errors.KilledError(f"The attempt was ended: {ending.cause}.", **seen)


def _driver_gone(ending: Ending) -> AttemptError:
    status = ending.exit_status
    seen: dict[str, Any] = {
        "got": _exit_text(status),
        "evidence": ending.evidence,
        "orphans": ending.orphans,
    }
    if ending.heard.bye:
        return errors.DriverGoneError(
            "The script ended well, but its driver failed while it was closing.",
            expected="exit code 0",
            advice="Look at what runs at exit: atexit handlers, listeners, shutdown hooks.",
            **seen,
        )
    if _is_killed(status):
        return errors.DriverGoneError(
            "The driver's JVM was killed while the application ran.",
            verdict=Verdict.JVM_GONE,
            advice="Signal 9 is mostly the out-of-memory killer: see the host's log and spark.driver.memory.",
            **seen,
        )
    return errors.DriverGoneError(
        "The driver's Python ended before its script did.",
        expected="the end of the script (its closing message never came)",
        advice="Exit code 0 without it means os._exit() or the like; 137 mostly the out-of-memory killer; "
        "139 a crash in native code.",
        **seen,
    )


def _is_killed(status: int | None) -> bool:
    """Whether a signal ended spark-submit's own process, which is the driver's JVM."""
    return status is not None and status < 0


def _exit_text(status: int | None) -> str:
    if status is None:
        return "no exit code"
    number = -status if status < 0 else status - _SHELL_SIGNAL_BASE
    try:
        name = f" ({signal.Signals(number).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-status}{name}" if status < 0 else f"exit code {status}{name}"
