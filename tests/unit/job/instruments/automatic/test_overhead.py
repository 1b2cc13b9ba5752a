from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.automatic.overhead import SHARES, Overhead


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def spend(overhead, clock, seconds):
    with overhead.spending():
        clock.now += seconds


def test_the_first_measurement_is_always_allowed():
    clock = Clock()
    overhead = Overhead(0.01, clock)
    assert overhead.allows()
    spend(overhead, clock, 1.0)
    assert not overhead.allows()
    assert overhead.left_out == 1


def test_time_that_passes_allows_more():
    clock = Clock()
    overhead = Overhead(0.01, clock)
    spend(overhead, clock, 1.0)
    assert not overhead.allows()
    clock.now += 100.0
    assert overhead.allows()
    assert overhead.spent == 1.0


def test_the_share_holds_whatever_is_measured():
    clock, taken = Clock(), 0
    overhead = Overhead(SHARES[1], clock)
    begin = clock.now
    for _ in range(20_000):
        clock.now += 0.05  # the job's own work
        if overhead.allows():
            spend(overhead, clock, 0.004)
            taken += 1
    passed = clock.now - begin
    assert 0 < taken < 20_000
    assert overhead.spent / passed < SHARES[1] + 0.004 / passed
    assert overhead.left_out == 20_000 - taken


def test_an_error_is_counted_as_spent():
    clock = Clock()
    overhead = Overhead(0.01, clock)
    with pytest.raises(ZeroDivisionError), overhead.spending():  # noqa: PT012
        clock.now += 2.0
        1 / 0  # noqa: B018
    assert overhead.spent == 2.0
