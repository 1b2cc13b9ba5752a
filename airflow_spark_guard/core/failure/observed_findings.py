"""Observe mode of sensors and triggers: what the task log and XCom say of limits that have passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.failure.observed_text import observed_text
from airflow_spark_guard.core.failure.verdict_summary import verdict_summary

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.verdict_table import RetryAdvice


@dataclass
class ObservedFindings:
    """Puts them into words.

    Attributes:
        verdicts: all so far.
    """

    verdicts: tuple[str, ...] = ()

    def take(self, error: AttemptError, advice: RetryAdvice) -> tuple[str, dict[str, Any]]:
        """The line for the task log, and the XCom ``spark_guard_verdict``, which has all verdicts so far."""
        self.verdicts = (*self.verdicts, str(error.verdict))
        return observed_text(error), verdict_summary(error, advice, 0, self.verdicts)
