"""What a sensor in observe mode says."""

from __future__ import annotations

from types import SimpleNamespace

from airflow_spark_guard.core.remote.observed_findings import ObservedFindings
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

STALLED = Finding(Verdict.STALLED, "Stage 3 stood still.", 600.0, 700.0, advice="Look there.")


def watch(*findings):
    return SimpleNamespace(memory=Memory("app-1"), take_observed=lambda: findings)


def test_no_news_is_nothing():
    assert ObservedFindings().take(watch()) == ((), None)


def test_a_finding_is_a_line_and_an_xcom():
    """The XCom has all verdicts so far."""
    told = ObservedFindings()
    told.take(watch(Finding(Verdict.STARVED, "No executor.", 300.0, 300.0)))
    (line,), summary = told.take(watch(STALLED))
    assert line.startswith(
        'Observed, not ended (on_finding="warn"):\nSTALLED: Application app-1: Stage 3 stood still.'
    )
    assert (summary["verdict"], summary["observed"], summary["retry"]) == ("STALLED", True, False)
    assert summary["verdicts"] == ["STARVED", "STALLED"]
