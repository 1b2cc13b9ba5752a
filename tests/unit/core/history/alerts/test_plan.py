"""Operators of a plan, in the form that Spark 4.2 writes."""

from airflow_spark_guard.core.history.alerts.plan import below, children, rows, scan_below
from tests.support.histories import node

NODES = (
    node("BroadcastNestedLoopJoin", 0, rows=9),
    node("Project", 1),
    node("Range", 2, rows=300),
    node("InputAdapter", 1),
    node("BroadcastExchange", 2, rows=200),
    node("Range", 3, rows=200),
)
SCAN = "FileScan parquet [id#1L] PushedFilters: [], ReadSchema: struct<id:bigint>"


def test_what_is_below_a_node_ends_where_the_depth_does():
    assert list(below(NODES, 0)) == [1, 2, 3, 4, 5]
    assert list(below(NODES, 1)) == [2]
    assert children(NODES, 0) == [1, 3]


def test_rows_are_those_of_the_first_node_that_counts_them():
    assert [rows(NODES, place) for place in range(6)] == [9, 300, 300, 200, 200, 200]


def test_rows_of_several_inputs_are_their_sum():
    union = (node("Project", 0), node("Union", 1), node("Range", 2, rows=3), node("Range", 2, rows=4))
    assert rows(union, 0) == 7
    assert rows((*union[:3], node("Scan", 2)), 0) is None
    assert rows((node("Project", 0),), 0) is None


def test_a_filters_scan_is_below_conversions_and_projections():
    nodes = (
        node("Filter", 0), node("ColumnarToRow", 1), node("InputAdapter", 2), node("Scan parquet ", 3, SCAN)
    )  # fmt: skip
    assert scan_below(nodes, 0) is nodes[3]


def test_a_scan_below_another_operator_is_not_the_filters():
    assert (
        scan_below((node("Filter", 0), node("HashAggregate", 1), node("Scan parquet ", 2, SCAN)), 0) is None
    )
    assert scan_below((node("Filter", 0), node("InMemoryTableScan", 1)), 0) is None
    assert scan_below((node("Filter", 0),), 0) is None
