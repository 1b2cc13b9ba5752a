"""How an attempt ended: None for a success, else the exception that explains it best."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.errors import AttemptDetails
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.driver_exit import driver_exit, exit_text
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.failure.exceptions import (
    error_of,
    error_of_diagnosis,
    error_of_finding,
    error_of_message,
    error_of_output,
    without_a_line,
)
from airflow_spark_guard.core.failure.executor_log import explained
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.heard import Heard

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.takeover import Takeover
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding

_DRIVER_TIMEOUT_EXIT = 124  # Spark's DriverTimeoutPlugin
_UNCAUGHT_EXIT = 1  # of a Python that an exception ended


class Cause(StrEnum):
    """What made the attempt end."""

    COMMAND_ENDED = "the command ended"
    FINDING = "the watchdog ended it"
    DEADLINE = "the deadline passed"
    KILLED = "the task was killed"
    GUARDIAN = "the supervisor above the task is gone"
    REAPER_GONE = "the reaper was killed"
    TAKEN_OVER = "a newer try took over"


@dataclass(frozen=True)
class Ending:
    """Everything known at the end of an attempt.

    Attributes:
        cause: what made it end.
        exit_status: of spark-submit, negative for a signal; None if it was not collected.
        ``heard``: what came over the channel.
        speaks: whether the application runs under our launcher, which sends hello and bye.
        seconds: how long it ran.
        backstop: when the reaper would have ended it on its own, in seconds.
        finding: what the watchdog found; None unless that ended it.
        autopsy: of a job that was ended; None if there was none.
        evidence: the relevant part of the output.
        orphans: processes that could not be confirmed as ended.
        taken_over: the newer try that ended it; None unless one did.
    """

    cause: Cause
    exit_status: int | None
    heard: Heard = field(default_factory=Heard)
    speaks: bool = True
    seconds: LaunchTime = LaunchTime(0.0)
    backstop: float = 0.0
    finding: Finding | None = None
    autopsy: Autopsy | None = None
    evidence: str = ""
    orphans: tuple[str, ...] = ()
    taken_over: Takeover | None = None

    def with_orphans(self, more: tuple[str, ...]) -> Ending:
        """This ending with orphans that were found later."""
        return replace(self, orphans=self.orphans + more)


def failure(ending: Ending) -> AttemptError | None:
    """The exception for this ending; None for a success.

    A Python application succeeds with exit code 0 *and* its closing message; any other with exit code 0.
    """
    if ending.cause not in {Cause.COMMAND_ENDED, Cause.FINDING}:
        return _ended_from_outside(ending)
    if ending.heard.error is not None:
        return _with_exit(
            error_of_message(ending.heard.error, ending.orphans, ending.heard.executable), ending
        )
    if ending.finding is not None:
        return _found(ending, ending.finding)
    if ending.exit_status == 0 and (ending.heard.bye or not ending.speaks):
        return None
    return _ended_by_itself(ending)


def _ended_by_itself(ending: Ending) -> AttemptError:
    if ending.exit_status == _DRIVER_TIMEOUT_EXIT:
        return errors.DeadlineError(
            "spark.driver.timeout ended the driver.",
            advice="Raise it, or GuardLimits.deadline, from which the profile derives it.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    own = None if ending.heard.bye else diagnose("", ending.exit_status)
    if own is not None:
        # A code with which the JVM ends itself: no process was left to send an error.
        return error_of_diagnosis(own, ending.evidence, ending.orphans)
    if ending.heard.hello and not ending.heard.bye and ending.exit_status == _UNCAUGHT_EXIT:
        printed = error_of_output(ending.evidence, ending.orphans, ending.heard.executable)
        if printed is not None:
            return printed
    if ending.heard.hello or driver_exit(ending.exit_status).jvm:
        return _driver_gone(ending)
    return _failed_silently(ending)


def _found(ending: Ending, finding: Finding) -> AttemptError | None:
    if finding.verdict is Verdict.NOT_EXITING and ending.heard.has_result:
        return None
    return found_error(finding, ending.autopsy, ending.evidence, ending.orphans)


def found_error(
    finding: Finding, autopsy: Autopsy | None, evidence: str, orphans: tuple[str, ...] = ()
) -> AttemptError:
    """The exception for a finding of the watchdog; in observe mode it is logged and not raised.

    Args:
        finding: what was found.
        autopsy: of the job; None if there was none.
        evidence: the relevant part of the output, for an autopsy that shows nothing.
        orphans: what could not be confirmed as ended.
    """
    shown = "\n".join(autopsy.summary) if autopsy is not None and autopsy.summary else evidence
    finding = explained(finding, autopsy.cause if autopsy is not None else None)
    where = autopsy.place if autopsy is not None and finding.suspect else ""
    found = finding if where else without_a_line(finding)
    return error_of_finding(found, where=where, evidence=shown, orphans=orphans)


def _failed_silently(ending: Ending) -> AttemptError:
    found = diagnose(ending.evidence, ending.exit_status)
    if found is not None and found.verdict is not Verdict.USER_CODE:
        return error_of_diagnosis(found, ending.evidence, ending.orphans)
    if not ending.speaks:
        return errors.UserCodeError(
            "The application failed.",
            got=exit_text(ending.exit_status),
            expected="exit code 0",
            advice="Read the lines below: only Python applications report more.",
            evidence=ending.evidence,
            orphans=ending.orphans,
        )
    return errors.SubmitError(
        "spark-submit failed before the application started.",
        got=exit_text(ending.exit_status),
        advice="Read the lines below; --verbose (verbose=True) shows the class path and every property.",
        evidence=ending.evidence,
        orphans=ending.orphans,
    )


def _ended_from_outside(ending: Ending) -> AttemptError:
    seen: dict[str, Any] = {"evidence": ending.evidence, "orphans": ending.orphans}
    if ending.cause is Cause.DEADLINE:
        return errors.DeadlineError(
            f"The reaper ended the attempt after {readable_duration(ending.backstop)}, because the task's "
            "own process did not.",
            advice="If the job is healthy, raise GuardLimits.deadline; if not, see where its output stops.",
            **seen,
        )
    if ending.taken_over is not None:
        return _taken_over(ending, ending.taken_over)
    if ending.cause is Cause.REAPER_GONE:
        return errors.KilledError(
            "The supervising process (reaper) died without reporting"
            + ("; part of the job may still run." if ending.orphans else "; the job is gone too."),
            advice="A user, the out-of-memory killer or the job itself killed it with SIGKILL: see the "
            "host's log.",
            verdict=Verdict.UNKNOWN,
            **seen,
        )
    return errors.KilledError(f"The attempt was ended: {ending.cause}.", **seen)


def _taken_over(ending: Ending, newer: Takeover) -> AttemptError:
    return errors.TakenOverError(
        f"{newer.who[:1].upper()}{newer.who[1:]} of this task took over at {newer.when} and ended this one.",
        advice=f"See the log of {newer.who}. Airflow started it while this one ran, usually because its "
        "scheduler or the task's heartbeat was interrupted.",
        evidence=ending.evidence,
        orphans=ending.orphans,
    )


def _with_exit(error: AttemptError, ending: Ending) -> AttemptError:
    """If the job could only report that its JVM is gone, the exit status shows how it ended."""
    status = ending.exit_status
    if error.verdict is Verdict.JVM_GONE and status is not None and status < 0:
        return evolved(error, advice=driver_exit(status).advice)
    return error


def _driver_gone(ending: Ending) -> AttemptError:
    seen: dict[str, Any] = {
        "got": exit_text(ending.exit_status),
        "evidence": ending.evidence,
        "orphans": ending.orphans,
    }
    if ending.heard.bye:
        return errors.DriverGoneError(
            "The script succeeded, but its driver failed while it exited.",
            expected="exit code 0",
            advice="Look at what runs at exit: atexit handlers, listeners, shutdown hooks.",
            **seen,
        )
    end = driver_exit(ending.exit_status, ending.evidence)
    return error_of(
        Verdict.JVM_GONE if end.jvm else Verdict.DRIVER_GONE,
        end.what,
        expected="" if end.jvm else "the end of the script (its closing message never came)",
        advice=end.advice,
        details=AttemptDetails(retry=end.retry),
        **seen,
    )
