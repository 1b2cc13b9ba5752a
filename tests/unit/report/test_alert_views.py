"""Alerts as the page shows them."""

from airflow_spark_guard.core.history.alerts.alert import Alert
from airflow_spark_guard.report.alert_views import alert_views


def alert(**fields):
    known = {"severity": "warning", "kind": "skew", "where": "stage 3", "what": "w", "line": "", "cure": "c"}
    return Alert(**{"figure": "", "limit": ""} | known | fields)


def test_an_alert_has_kind_and_place_as_its_title():
    (view,) = alert_views([alert()])
    assert (view.title, view.severity, view.tone) == ("skew: stage 3", "warning", "warn")


def test_an_alert_about_the_whole_has_its_kind_alone():
    (view,) = alert_views([alert(where="")])
    assert view.title == "skew"


def test_texts_are_one_printable_line():
    (view,) = alert_views([alert(what="a\nb\x1b[2J", line="x" * 5000)])
    assert view.what.startswith("a b")
    assert "\x1b" not in view.what
    assert len(view.line) == 1000
