"""How an application ended: what is known in both deploy modes, and in which order it explains a failure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

from airflow_spark_guard.core.errors import DeadlineError, SubmitError
from airflow_spark_guard.core.failure.classify import diagnose
from airflow_spark_guard.core.failure.driver_exit import exit_text
from airflow_spark_guard.core.failure.exceptions import error_of_diagnosis, error_of_message
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from airflow_spark_guard.core.clock import LaunchTime
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.watch.finding import Finding

DRIVER_TIMEOUT_EXIT: Final = 124  # Spark's DriverTimeoutPlugin


@dataclass(frozen=True, kw_only=True)
class Ending(ABC):
    """Everything known at the end. A subclass for each that can run an application adds what that reports.

    Attributes:
        ``channel_state``: what the job reported.
        has_launcher: whether the application runs under our launcher, which sends hello and bye.
        finding: what the watch found; None unless that ended it.
        orphans: what could not be confirmed as ended.
        exit_status: of spark-submit, negative for a signal; None in cluster mode or if it was not collected.
        seconds: how long it ran; None if only the attempt knows.
    """

    channel_state: ChannelState = field(default_factory=ChannelState)
    has_launcher: bool = True
    finding: Finding | None = None
    orphans: tuple[str, ...] = ()
    exit_status: int | None = None
    seconds: LaunchTime | None = None

    def failure(self) -> AttemptError | None:
        """The exception for this ending; None for a success.

        What ended it from outside comes first, then the job's own error, then the watch's finding, and then
        the report of what ran it.
        """
        if (killed := self._from_outside()) is not None:
            return killed
        if self.channel_state.error is not None:
            return self._of_message(self.channel_state.error)
        if self.finding is None:
            return self._of_report()
        if self.finding.verdict is Verdict.NOT_EXITING:
            return self._of_exit(self.finding)
        return self._of_finding(self.finding)

    def _of_exit(self, finding: Finding) -> AttemptError | None:
        """With a result it is a success: the script reported its work as done."""
        if self.channel_state.has_result:
            return None
        if not self.channel_state.threads:
            return self._of_finding(finding)
        alive = f"threads that Python waits for: {', '.join(self.channel_state.threads)}"
        return self._of_finding(replace(finding, got=f"{finding.got}; {alive}" if finding.got else alive))

    def with_orphans(self, more: tuple[str, ...]) -> Self:
        """This ending with orphans that were found later."""
        return replace(self, orphans=self.orphans + more)

    @property
    @abstractmethod
    def how(self) -> str:
        """What made it end, in a few words, for log and record."""

    @property
    @abstractmethod
    def evidence(self) -> str:
        """The relevant part of what was printed."""

    @property
    def _seen(self) -> dict[str, Any]:
        return {"evidence": self.evidence, "orphans": self.orphans}

    @abstractmethod
    def _from_outside(self) -> AttemptError | None: ...

    @abstractmethod
    def _of_finding(self, finding: Finding) -> AttemptError: ...

    @abstractmethod
    def _of_report(self) -> AttemptError | None: ...

    def _of_message(self, message: Mapping[str, Any]) -> AttemptError:
        return error_of_message(message, self.orphans, self.channel_state.executable)

    def _driver_timeout(self, got: str = "") -> AttemptError:
        return DeadlineError(
            "spark.driver.timeout ended the driver.",
            got=got,
            advice="Raise it, or GuardLimits.deadline, from which the profile derives it.",
            **self._seen,
        )


def submit_failure(exit_status: int | None, evidence: str, orphans: tuple[str, ...]) -> AttemptError:
    """The exception for a spark-submit that failed before the application started.

    Args:
        exit_status: of spark-submit; None if it was not collected.
        evidence: the relevant part of its output.
        orphans: what could not be confirmed as ended.
    """
    return sparks_own_failure(exit_status, evidence, orphans) or SubmitError(
        "spark-submit failed before the application started.",
        got=exit_text(exit_status),
        advice="Read the lines below; --verbose (verbose=True) shows the class path and every property.",
        evidence=evidence,
        orphans=orphans,
    )


def sparks_own_failure(
    exit_status: int | None, evidence: str, orphans: tuple[str, ...]
) -> AttemptError | None:
    """The exception for a failure that Spark's own output explains; None if it does not."""
    found = diagnose(evidence, exit_status)
    if found is None or found.verdict is Verdict.USER_CODE:
        return None
    return error_of_diagnosis(found, evidence, orphans)
