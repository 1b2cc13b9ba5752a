"""So many at once, then so many a second."""

from __future__ import annotations

from airflow_spark_guard.job.pace import Pace


def test_a_burst_and_then_a_rate():
    """Never more than the burst, however long nothing came."""
    now = [0.0]
    pace = Pace(3, 2.0, clock=lambda: now[0])
    assert [pace.take() for _ in range(5)] == [True, True, True, False, False]
    now[0] = 0.4
    assert not pace.take()
    now[0] = 1.0
    assert [pace.take() for _ in range(3)] == [True, True, False]
    now[0] = 1000.0
    assert [pace.take() for _ in range(5)].count(True) == 3
