"""Limits, and the alert that a figure over one of them raises."""

from airflow_spark_guard.core.history.alerts.alert import APPLICATION, Limits, Place, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import times

LIMITS = Limits("a ratio", times, "ours", info=1.0, warning=2.0, critical=4.0)


class Ratio(Rule):
    name = "ratio"
    about = "A ratio is large"
    limits = LIMITS

    def alerts(self, history):
        assert history is None
        yield from self.raised(
            3.0, Place("stage 1", "a.py:1"), Said("It took", " of the rest."), "Split it.", 5.0
        )


def test_the_most_severe_limit_that_is_exceeded_counts():
    """A figure at a limit does not exceed it."""
    assert LIMITS.passed(1.0) is None
    assert LIMITS.passed(1.1) == ("info", 1.0)
    assert LIMITS.passed(4.0) == ("warning", 2.0)
    assert LIMITS.passed(4.1) == ("critical", 4.0)


def test_a_severity_without_a_limit_is_never_reached():
    assert Limits("", times, "", info=1.0).passed(100.0) == ("info", 1.0)


def test_an_alert_has_the_figure_and_the_limit_side_by_side():
    (alert,) = Ratio().alerts(None)
    assert alert.what == "It took 3x (limit: 2x) of the rest."
    assert (alert.kind, alert.severity, alert.where, alert.line) == ("ratio", "warning", "stage 1", "a.py:1")
    assert (alert.figure, alert.limit, alert.cure, alert.wasted_core_seconds) == (
        "3x",
        "2x",
        "Split it.",
        5.0,
    )


def test_a_figure_below_all_limits_raises_none():
    assert list(Ratio().raised(0.5, APPLICATION, Said("", ""), "")) == []
