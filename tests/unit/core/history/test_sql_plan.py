"""The operators of a plan with their metrics."""

from airflow_spark_guard.core.history.event_kinds import PlanMetric, PlanNode
from airflow_spark_guard.core.history.model import SqlNode
from airflow_spark_guard.core.history.sql_plan import accumulators_of, nodes_of

PLAN = (
    PlanNode("Exchange", "Exchange x", (PlanMetric("data size", 1, "size"), PlanMetric("rows", 2)), 0),
    PlanNode(
        "Scan",
        "",
        (
            PlanMetric("rows", 3),
            PlanMetric("rows", 4),
            PlanMetric("scan time", 5, "nsTiming"),
            PlanMetric("avg hash probe", 6, "average"),
            PlanMetric("never set", 7, "size"),
        ),
        1,
    ),
)


def test_each_metric_is_the_sum_of_what_its_accumulators_hold():
    """Nanoseconds become milliseconds; what has no sum, or was never set, is left out."""
    nodes = nodes_of(PLAN, {1: 10, 3: 2, 4: 3, 5: 2_000_000, 6: 8, 7: -1})
    assert nodes == (
        SqlNode("Exchange", "Exchange x", {"data size": 10}, 0),
        SqlNode("Scan", "", {"rows": 5, "scan time": 2}, 1),
    )


def test_the_accumulators_of_a_plan():
    assert accumulators_of(PLAN) == {1, 2, 3, 4, 5, 6, 7}
