"""How an attempt in client mode ended: by its reaper's report and spark-submit's exit status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.errors import AttemptDetails
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.driver_exit import driver_exit, exit_text
from airflow_spark_guard.core.failure.ending import (
    DRIVER_TIMEOUT_EXIT,
    Ending,
    sparks_own_failure,
    submit_failure,
)
from airflow_spark_guard.core.failure.evolved import evolved
from airflow_spark_guard.core.failure.exceptions import (
    error_of,
    error_of_diagnosis,
    error_of_finding,
    error_of_output,
    without_a_line,
)
from airflow_spark_guard.core.failure.executor_log import explained
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.takeover import Takeover
    from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
    from airflow_spark_guard.core.watch.finding import Finding

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


@dataclass(frozen=True, kw_only=True)
class ClientEnding(Ending):
    """Everything known at the end of an attempt in client mode.

    A Python application succeeds with exit code 0 *and* its closing message; any other with exit code 0.

    Attributes:
        cause: what made it end.
        backstop: when the reaper would have ended it on its own, in seconds.
        autopsy: of a job that was ended; None if there was none.
        evidence: the relevant part of the output.
        taken_over: the newer try that ended it; None unless one did.
        asked_by: the user who ended it on the live page; empty if none did.
    """

    cause: Cause
    backstop: float = 0.0
    autopsy: Autopsy | None = None
    evidence: str = ""
    taken_over: Takeover | None = None
    asked_by: str = ""

    @property
    def how(self) -> str:
        """Its cause, with the user if one ended it."""
        return f"{self.asked_by} ended it" if self.asked_by else str(self.cause)

    def _from_outside(self) -> AttemptError | None:
        if self.cause in {Cause.COMMAND_ENDED, Cause.FINDING}:
            return None
        if self.cause is Cause.DEADLINE:
            return errors.DeadlineError(
                f"The reaper ended the attempt after {readable_duration(self.backstop)}, because the task's "
                "own process did not.",
                advice="If the job is healthy, raise GuardLimits.deadline; if not, see where its output "
                "stops.",
                **self._seen,
            )
        if self.taken_over is not None:
            return self._by_a_newer_try(self.taken_over)
        if self.cause is Cause.REAPER_GONE:
            return errors.KilledError(
                "The supervising process (reaper) died without reporting"
                + ("; part of the job may still run." if self.orphans else "; the job is gone too."),
                advice="A user, the out-of-memory killer or the job itself killed it with SIGKILL: see the "
                "host's log.",
                verdict=Verdict.UNKNOWN,
                **self._seen,
            )
        return errors.KilledError(f"The attempt was ended: {self.cause}.", **self._seen)

    def _by_a_newer_try(self, newer: Takeover) -> AttemptError:
        who = newer.who[:1].upper() + newer.who[1:]
        return errors.TakenOverError(
            f"{who} of this task took over at {newer.when} and ended this one.",
            advice=f"See the log of {newer.who}. Airflow started it while this one ran, usually because its "
            "scheduler or the task's heartbeat was interrupted.",
            **self._seen,
        )

    def _of_message(self, message: Mapping[str, Any]) -> AttemptError:
        """If the job could only report that its JVM is gone, the exit status shows how it ended."""
        error, status = super()._of_message(message), self.exit_status
        if error.verdict is Verdict.JVM_GONE and status is not None and status < 0:
            return evolved(error, advice=driver_exit(status).advice)
        return error

    def _of_finding(self, finding: Finding) -> AttemptError:
        return found_error(finding, self.autopsy, self.evidence, self.orphans)

    def _of_report(self) -> AttemptError | None:
        if self.exit_status == 0 and (self.channel_state.bye or not self.has_launcher):
            return None
        return self._failed()

    def _failed(self) -> AttemptError:
        if self.exit_status == DRIVER_TIMEOUT_EXIT:
            return self._driver_timeout()
        own = None if self.channel_state.bye else diagnose("", self.exit_status)
        if own is not None:
            # A code with which the JVM ends itself: no process was left to send an error.
            return error_of_diagnosis(own, self.evidence, self.orphans)
        if self.channel_state.hello and not self.channel_state.bye and self.exit_status == _UNCAUGHT_EXIT:
            printed = error_of_output(self.evidence, self.orphans, self.channel_state.executable)
            if printed is not None:
                return printed
        if self.channel_state.hello or driver_exit(self.exit_status).jvm:
            return self._driver_gone()
        if self.has_launcher:
            return submit_failure(self.exit_status, self.evidence, self.orphans)
        return sparks_own_failure(self.exit_status, self.evidence, self.orphans) or errors.UserCodeError(
            "The application failed.",
            got=exit_text(self.exit_status),
            expected="exit code 0",
            advice="Read the lines below: only Python applications report more.",
            **self._seen,
        )

    def _driver_gone(self) -> AttemptError:
        got = exit_text(self.exit_status)
        if self.channel_state.bye:
            return errors.DriverGoneError(
                "The script succeeded, but its driver failed while it exited.",
                got=got,
                expected="exit code 0",
                advice="Look at what runs at exit: atexit handlers, listeners, shutdown hooks.",
                **self._seen,
            )
        end = driver_exit(self.exit_status, self.evidence)
        return error_of(
            Verdict.JVM_GONE if end.jvm else Verdict.DRIVER_GONE,
            end.what,
            got=got,
            expected="" if end.jvm else "the end of the script (its closing message never came)",
            advice=end.advice,
            details=AttemptDetails(retry=end.retry),
            **self._seen,
        )


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
