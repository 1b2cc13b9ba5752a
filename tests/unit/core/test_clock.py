"""The clocks that times are read from."""

from __future__ import annotations

import time

import pytest

from airflow_spark_guard.core.clock import EpochTime, epoch_now, monotonic_now, since


@pytest.mark.parametrize(
    ("start", "at", "passed"), [(100.0, 160.5, 60.5), (100.0, 99.5, 0.0), (0.0, 0.0, 0.0)]
)
def test_a_time_since_the_launch_is_never_before_it(start, at, passed):
    """A driver's clock may be a little behind the worker's."""
    assert since(EpochTime(start), EpochTime(at)) == passed


def test_each_clock_is_read_where_it_is_named():
    assert epoch_now() == pytest.approx(time.time(), abs=60)
    assert monotonic_now() == pytest.approx(time.monotonic(), abs=60)
