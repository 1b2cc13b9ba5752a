"""Observe mode: how log, record and XCom say what would have ended an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.failure.verdict_summary import verdict_summary

if TYPE_CHECKING:
    from airflow_spark_guard.core.clock import LaunchTime
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.verdict_table import RetryAdvice
    from airflow_spark_guard.core.watch.finding import Finding


def observed_text(error: AttemptError) -> str:
    """The error's own text below a line that says that nothing is ended."""
    return f'Observed, not ended (on_finding="warn"):\n{error}'


def observed_row(finding: Finding, error: AttemptError, at: LaunchTime) -> dict[str, Any]:
    """The same for ``summary.json``; ``at`` is when it was found."""
    return {
        "verdict": str(error.verdict),
        "what": error.what,
        "got": error.got,
        "expected": error.expected,
        "advice": error.advice,
        "place": error.where,
        "limit_s": finding.limit,
        "limit_reached_at_s": finding.reached_at,
        "observed_at_s": at,
    }


@dataclass
class ObservedFindings:
    """The findings of one watch in a sensor or a trigger.

    Attributes:
        verdicts: all so far.
    """

    verdicts: tuple[str, ...] = ()

    def take(self, error: AttemptError, advice: RetryAdvice) -> tuple[str, dict[str, Any]]:
        """The line for the task log, and the XCom ``spark_guard_verdict``, which has all verdicts so far."""
        self.verdicts = (*self.verdicts, str(error.verdict))
        return observed_text(error), verdict_summary(error, advice, 0, self.verdicts)
