"""What the log and the record say of an attempt that goes on."""

from __future__ import annotations

from airflow_spark_guard.core.errors import AttemptDetails, StalledError, StarvedError
from airflow_spark_guard.core.failure.observed_text import ObservedFindings, observed_row, observed_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.verdict_table import never
from airflow_spark_guard.core.watch.finding import Finding


def error():
    return StalledError(
        "Stage 3 stood still.",
        got="0 of 8 tasks",
        expected="a change",
        advice="Look there.",
        details=AttemptDetails(where="job.py:12, train"),
    )


def test_the_log_shows_the_error_as_it_would_have_been_raised():
    """With its where and its do, below a line that says that nothing is ended."""
    assert observed_text(error()) == (
        'Observed, not ended (on_finding="warn"):\n'
        "STALLED: Stage 3 stood still.\n"
        "  got: 0 of 8 tasks\n"
        "  expected: a change\n"
        "  do: Look there.\n"
        "  where: job.py:12, train"
    )


def test_the_record_has_the_same_in_fields():
    finding = Finding(Verdict.STALLED, "Stage 3 stood still.", 600.0, 700.0)
    assert observed_row(finding, error(), 701.5) == {
        "verdict": "STALLED",
        "what": "Stage 3 stood still.",
        "got": "0 of 8 tasks",
        "expected": "a change",
        "advice": "Look there.",
        "place": "job.py:12, train",
        "limit_s": 600.0,
        "limit_reached_at_s": 700.0,
        "observed_at_s": 701.5,
    }


def test_a_finding_of_a_watch_is_a_line_and_an_xcom():
    """The XCom has all verdicts so far."""
    told, advice = ObservedFindings(), never("Nothing has failed.")
    told.take(StarvedError("No executor."), advice)
    line, summary = told.take(error(), advice)
    assert line == observed_text(error())
    assert (summary["verdict"], summary["observed"], summary["retry"]) == ("STALLED", True, False)
    assert (summary["verdicts"], summary["hint"]) == (["STARVED", "STALLED"], "Nothing has failed.")
