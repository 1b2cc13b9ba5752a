"""Events as plain values."""

from operator import add

from airflow_spark_guard.core.history.event_kinds import Figures


def test_the_figures_of_many_tasks_are_their_sums():
    """All of them: a figure that is no sum, such as a peak, has its place elsewhere."""
    total = Figures(*map(add, Figures(run_ms=1, shuffle_write_records=2), Figures(run_ms=3)))
    assert total == Figures(run_ms=4, shuffle_write_records=2)
