"""A finding, and the exception that a task fails with."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.found import error_of, located
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding


def test_the_place_is_the_last_looks_where_a_line_is_to_blame():
    """And nothing where none is, or nobody has looked."""
    seen = Autopsy(place="/jobs/job.py:12, slow")
    error = error_of(
        Finding(Verdict.STALLED, "What.", 1.0, 1.0, advice="Give the call in that line a time-out.")
    )
    assert located(error, seen, suspected=True).place == "/jobs/job.py:12, slow"
    assert error.advice == "Give the call in that line a time-out."
    assert located(error, seen, suspected=False).place == ""
    assert located(error, None, suspected=True).place == ""


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_an_exception(verdict):
    """Of a class of its own where there is one, and with that verdict in any case."""
    error = error_of(Finding(verdict, "What.", 60.0, 1.0, got="g", expected="e", advice="a"))
    assert isinstance(error, errors.AttemptError)
    assert error.verdict is verdict
    assert type(error).default_verdict in {verdict, Verdict.UNKNOWN}
    assert (error.what, error.got, error.expected, error.advice, error.limit) == (
        "What.",
        "g",
        "e",
        "a",
        60.0,
    )


@pytest.mark.parametrize("retry", [None, True, False])
def test_what_the_evidence_says_of_a_retry_goes_along(retry):
    """None: the verdict decides."""
    assert error_of(Finding(Verdict.EXECUTORS_LOST, "What.", 1.0, 1.0, retry=retry)).retry is retry


def test_what_was_seen_and_what_may_be_left_go_along():
    """Into the log, and into the advice whether to try again."""
    error = error_of(Finding(Verdict.STALLED, "What.", 1.0, 1.0), evidence="Traceback", orphans=("12 java",))
    assert type(error) is errors.StalledError
    assert str(error) == "STALLED: What.\n  possible orphan: 12 java\n\nTraceback"
