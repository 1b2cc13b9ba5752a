"""An autopsy on a thread of its own."""

from __future__ import annotations

import threading

from airflow_spark_guard.attempt.examination import Examination
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from tests.support.processes import seconds_until


def test_what_it_shows_is_there_when_it_is_over():
    seen = Examination(lambda: Autopsy("a.py:3, fit"), 30.0)
    seconds_until(lambda: seen.over, 60, "the end of it")
    assert seen.autopsy == Autopsy("a.py:3, fit")


def test_one_that_hangs_is_over_when_its_time_is(monkeypatch):
    """It is left behind, and shows nothing."""
    monkeypatch.setattr("airflow_spark_guard.attempt.examination._MARGIN", 0.0)
    release = threading.Event()
    seen = Examination(lambda: release.wait(60), 0.1)
    seconds_until(lambda: seen.over, 60, "the end of its time")
    assert seen.autopsy is None
    release.set()
