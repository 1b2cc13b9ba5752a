"""What the charts of a report have in common."""

from airflow_spark_guard.core.history.model import ApplicationHistory
from airflow_spark_guard.report.figure import span_of, time_axis
from airflow_spark_guard.report.figures import figures
from tests.support.reports import START, at, history


def test_a_moment_stands_at_one_place_in_all_charts():
    (timeline, *others) = figures(history(), ())
    assert len(others) == 2
    assert timeline.layout["xaxis"]["range"] == [START * 1000, at(90) * 1000]
    assert all(one.layout["xaxis"] == timeline.layout["xaxis"] for one in others)


def test_a_time_that_is_not_known_is_plotlys_choice():
    assert span_of(ApplicationHistory(started=START)) is None
    assert "range" not in time_axis(ApplicationHistory(started=START))
    assert span_of(ApplicationHistory(first_seen=at(1), last_seen=at(2))) == (at(1), at(2))
