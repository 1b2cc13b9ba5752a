"""Observe mode of the sensors: what the task log and XCom say of limits that have passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.failure.observed_text import observed_text
from airflow_spark_guard.core.failure.verdict_summary import verdict_summary
from airflow_spark_guard.core.remote.outcome import found_in
from airflow_spark_guard.core.verdict_table import never

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.remote_watch import RemoteWatch

_ADVICE: Final = never("The sensor waits on: nothing has failed.")


@dataclass
class ObservedFindings:
    """Puts them into words.

    Attributes:
        verdicts: all so far.
    """

    verdicts: tuple[str, ...] = ()

    def take(self, watch: RemoteWatch) -> tuple[tuple[str, ...], dict[str, Any] | None]:
        """The lines for the task log, and the newest XCom ``spark_guard_verdict`` (None: no news)."""
        lines, summary = [], None
        for finding in watch.take_observed():
            error = found_in(watch.memory.application_id, finding)
            self.verdicts = (*self.verdicts, str(error.verdict))
            lines.append(observed_text(error))
            summary = verdict_summary(error, _ADVICE, 0, self.verdicts)
        return tuple(lines), summary
