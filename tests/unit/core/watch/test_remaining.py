"""How long a stage will take, by its rate."""

from __future__ import annotations

from airflow_spark_guard.core.watch.remaining import Remaining

KEY = (3, 0)


def test_the_rate_of_the_last_looks_decides():
    """Ten tasks in ten seconds: eighty more take eighty seconds."""
    remaining = Remaining()
    for at in range(11):
        remaining.look({KEY: 10 + at}, float(at))
    assert remaining.seconds(KEY, 100, 10.0) == 80.0


def test_too_little_is_no_rate():
    """Two tasks, none left, an unknown stage."""
    remaining = Remaining()
    remaining.look({KEY: 0}, 0.0)
    remaining.look({KEY: 2}, 5.0)
    assert remaining.seconds(KEY, 100, 5.0) is None
    remaining.look({KEY: 100}, 9.0)
    assert remaining.seconds(KEY, 100, 9.0) is None
    assert remaining.seconds((4, 0), 100, 9.0) is None


def test_a_stage_that_stands_takes_longer_and_longer():
    """Time passes, nothing is done."""
    remaining = Remaining()
    remaining.look({KEY: 0}, 0.0)
    remaining.look({KEY: 10}, 10.0)
    assert remaining.seconds(KEY, 20, 10.0) == 10.0
    assert remaining.seconds(KEY, 20, 100.0) == 100.0


def test_a_stage_that_is_not_named_any_more_is_forgotten():
    """Its next attempt begins anew."""
    remaining = Remaining()
    remaining.look({KEY: 0}, 0.0)
    remaining.look({KEY: 10}, 10.0)
    remaining.look({}, 11.0)
    assert remaining.seconds(KEY, 20, 12.0) is None
