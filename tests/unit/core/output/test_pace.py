"""What repeats is shown often at first, and ever more rarely."""

from __future__ import annotations

from airflow_spark_guard.core.output.pace import Pace


def test_in_the_first_hour_every_ten_seconds_and_then_ever_more_rarely():
    """A week costs little more than a day."""
    pace = Pace(10.0)
    assert sum(pace.is_due(float(second)) for second in range(3600)) == 360
    assert sum(pace.is_due(float(second)) for second in range(3600, 7 * 86400)) < 2000


def test_without_an_interval_everything_is_due_at_first():
    """Who calls it has one of his own."""
    pace = Pace()
    assert [pace.is_due(at) for at in (0.0, 0.0, 1.0, 36000.0, 36050.0, 36101.0)] == [True] * 4 + [
        False,
        True,
    ]
