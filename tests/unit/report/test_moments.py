"""The moments that the timeline marks."""

import pytest

from airflow_spark_guard.core.history.model import ApplicationHistory
from airflow_spark_guard.report.contents import Contents
from airflow_spark_guard.report.moments import marks_of
from tests.support.reports import SUMMARY, at, history


def marks(**summary):
    return [(mark.at, mark.text, mark.kind) for mark in marks_of(Contents("p", history(), SUMMARY | summary))]


def test_the_limit_and_the_verdict_are_marked():
    assert marks() == [(at(80), "limit", "limit"), (at(90), "STALLED", "verdict")]


def test_a_success_has_no_verdict():
    assert marks(verdict="", limit_reached_at_s=None) == []


def test_findings_in_observe_mode_are_marked_in_their_order():
    rows = [
        {"verdict": "STALLED", "limit_reached_at_s": 70.0},
        {"verdict": "DEADLINE", "limit_reached_at_s": 60},
    ]
    found = marks(verdict="", limit_reached_at_s=None, observed=rows)
    assert found == [(at(60), "DEADLINE", "limit"), (at(70), "STALLED", "limit")]


@pytest.mark.parametrize("observed", [None, [3], [{"verdict": "x"}], [{"limit_reached_at_s": "soon"}]])
def test_rows_of_another_shape_are_left_out(observed):
    assert len(marks(observed=observed)) == 2


def test_without_a_start_nothing_is_marked():
    assert marks_of(Contents("p", ApplicationHistory(), SUMMARY)) == ()
