"""What ``summary.json`` says of an attempt in cluster mode, from its beginning to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.conf.conf_lines import recorded_conf
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.failure.observed_text import observed_row
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.submission import Submission
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.process.record import NoRecord, Record


@dataclass
class ClusterSummary:
    """One attempt's summary.

    Args:
        record: of the attempt.
    """

    record: Record | NoRecord
    _begun: dict[str, Any] = field(default_factory=dict)
    _observed: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, limits: GuardLimits, submission: Submission) -> None:
        """It is about to be submitted."""
        conf = recorded_conf(submission.conf.values)
        self._begun = {
            "started_at": time.time(),
            "limits": limits.serialize(),
            "conf": conf,
            "cluster": True,
        }
        self.ended("running")

    def observed(self, finding: Finding, error: AttemptError, now: LaunchTime) -> None:
        """What would have ended it, in observe mode."""
        self._observed.append(observed_row(finding, error, LaunchTime(round(now, 1))))
        self.ended("running")

    def failed(self, raised: BaseException) -> None:
        """What it failed with."""
        self.ended("failed", **_told_by(raised))

    def ended(self, state: str, **told: Any) -> None:
        """How it stands: ``running``, ``deferred``, ``success`` or ``failed``."""
        self.record.summary({**self._begun, "state": state, **told, "observed": list(self._observed)})


def _told_by(raised: BaseException) -> dict[str, Any]:
    if not isinstance(raised, SparkGuardError):
        return {"verdict": str(Verdict.UNKNOWN), "what": f"The watch ended: {type(raised).__name__}."}
    return {
        "verdict": str(getattr(raised, "verdict", Verdict.UNKNOWN)),
        "what": raised.what,
        "got": raised.got,
        "advice": raised.advice,
        "place": getattr(raised, "place", ""),
        "orphans": list(getattr(raised, "orphans", ())),
    }
