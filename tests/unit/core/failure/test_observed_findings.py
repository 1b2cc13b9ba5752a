"""What a sensor or a trigger says in observe mode."""

from __future__ import annotations

from airflow_spark_guard.core.failure.exceptions import error_of
from airflow_spark_guard.core.failure.observed_findings import ObservedFindings
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import never


def test_a_finding_is_a_line_and_an_xcom():
    """The XCom has all verdicts so far."""
    told, advice = ObservedFindings(), never("Nothing has failed.")
    told.take(error_of(Verdict.STARVED, "No executor."), advice)
    line, summary = told.take(error_of(Verdict.STALLED, "Stage 3 stood still."), advice)
    assert line.startswith('Observed, not ended (on_finding="warn"):\nSTALLED: Stage 3 stood still.')
    assert (summary["verdict"], summary["observed"], summary["retry"]) == ("STALLED", True, False)
    assert (summary["verdicts"], summary["hint"]) == (["STARVED", "STALLED"], "Nothing has failed.")
