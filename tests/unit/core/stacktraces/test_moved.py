"""Which of several processes moved between two looks."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.stacktraces.moved import moved
from airflow_spark_guard.core.watch.process_sample import ProcessSample

FIRST = ProcessSample("worker", "7:1", cpu=1.0, switches=100, io=1000)


@pytest.mark.parametrize(
    ("figures", "so"),
    [
        ({}, False),
        ({"switches": 102}, False),
        ({"cpu": 1.5}, True),
        ({"switches": 150}, True),
        ({"io": 9000}, True),
        ({"cpu": None, "switches": None, "io": None}, False),
    ],
)
def test_computing_switching_or_reading_is_movement(figures, so):
    """A few switches are not: py-spy and a short sleep make some."""
    after = ProcessSample("worker", "7:1", **{"cpu": 1.0, "switches": 100, "io": 1000, **figures})
    assert moved([FIRST], [after]) == {"7:1": so}


def test_a_process_that_was_seen_once_says_nothing():
    """It came or went between."""
    assert moved([FIRST], [ProcessSample("worker", "8:1", cpu=1.0)]) == {}
    assert moved([], [FIRST]) == {}
