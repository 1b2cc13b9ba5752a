"""Joins of each row with each row, and large broadcasts."""

from airflow_spark_guard.core.history.alerts.joins import LargeBroadcast, PairwiseJoin
from tests.support.histories import GIB, application, execution, node, stage


def joined(name, left, right, tasks=4, **metrics):
    nodes = (node(name, 0, **metrics), node("Range", 1, rows=left), node("Range", 1, rows=right))
    stages = (stage(1, 0, 9, *[1.0] * tasks, execution=3),)
    return list(PairwiseJoin().alerts(application(executions=(execution(3, *nodes),), stages=stages)))


def test_a_nested_loop_join_compares_rows_times_rows():
    (alert,) = joined("BroadcastNestedLoopJoin", 1e6, 2e4)
    assert (alert.severity, alert.figure, alert.where) == ("critical", "20,000,000,000 pairs", "execution 3")
    assert alert.line == "count at /jobs/job.py:3"
    assert alert.what == (
        "A BroadcastNestedLoopJoin compared at least 20,000,000,000 pairs (limit: 10,000,000,000 pairs) of rows."
    )
    assert "left_anti" in alert.cure


def test_a_cartesian_product_reads_its_sides_once_for_each_task():
    """Spark 4.2 counted 600 and 600 rows where two sides of 300 rows in 2 partitions each met in 4 tasks."""
    assert joined("CartesianProduct", 6e4, 6e4) == []
    (alert,) = joined("CartesianProduct", 6e5, 6e5)
    assert (alert.severity, alert.figure) == ("critical", "90,000,000,000 pairs")
    assert "crossJoin()" in alert.cure


def test_a_cartesian_product_without_a_condition_has_all_pairs_as_rows():
    (alert,) = joined("CartesianProduct", 1.0, 1.0, tasks=0, rows=2e9)
    assert (alert.severity, alert.figure) == ("warning", "2,000,000,000 pairs")


def test_small_joins_other_joins_and_unknown_sides_raise_none():
    assert joined("BroadcastNestedLoopJoin", 1e4, 1e4) == []
    assert joined("SortMergeJoin", 1e9, 1e9) == []
    nodes = (node("BroadcastNestedLoopJoin", 0), node("Range", 1, rows=1e9), node("Range", 1))
    assert list(PairwiseJoin().alerts(application(executions=(execution(3, *nodes),)))) == []


def test_a_large_broadcast_is_named_with_its_bytes():
    for sent, severities in ((2 * GIB, ["warning"]), (5 * GIB, ["critical"]), (GIB, [])):
        one = execution(
            3, node("BroadcastExchange", 0, data_size=sent), node("Exchange", 0, data_size=9 * GIB)
        )
        found = list(LargeBroadcast().alerts(application(executions=(one,))))
        assert [alert.severity for alert in found] == severities
    assert (
        list(LargeBroadcast().alerts(application(executions=(execution(3, node("BroadcastExchange", 0)),))))
        == []
    )
