"""Each finding is said once, and again when it has gone and come back."""

from __future__ import annotations

from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observed import MOST, News

STARVED = Finding(Verdict.STARVED, "No executor.", 300.0, 300.0)
LOST = Finding(Verdict.EXECUTORS_LOST, "5 executors lost.", 0.0, 400.0)


def told(news, *seen, source="rule", key=""):
    """How often each of these looks had news."""
    counts = []
    for finding in seen:
        news.take(source, finding, key)
        counts.append(len(news.out()))
    return counts


def test_what_stands_is_said_once():
    assert told(News(), STARVED, STARVED, STARVED) == [1, 0, 0]


def test_what_has_gone_and_come_back_is_said_again():
    assert told(News(), STARVED, None, STARVED) == [1, 0, 1]


def test_what_has_changed_is_said_again():
    assert told(News(), STARVED, LOST, LOST) == [1, 1, 0]
    news = News()
    assert told(news, LOST, key="3") + told(news, LOST, key="4") + told(news, LOST, key="4") == [1, 1, 0]


def test_sources_do_not_hide_each_other():
    news = News()
    assert told(news, LOST) + told(news, STARVED, source="other") == [1, 1]


def test_what_comes_and_goes_for_days_is_bounded():
    assert sum(told(News(), *[LOST, None] * 100)) == MOST
