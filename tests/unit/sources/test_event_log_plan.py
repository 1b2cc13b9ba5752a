"""Plans of SQL executions."""

import msgspec

from airflow_spark_guard.core.history.event_kinds import PlanMetric, PlanNode
from airflow_spark_guard.core.history.sql_plan import MOST_NODES
from airflow_spark_guard.sources.event_log_plan import PlanInfo, plan_of


def node(name, *children, metrics=()):
    return {"nodeName": name, "simpleString": f"{name} [x]", "children": children, "metrics": metrics}


def plan(root):
    return plan_of(msgspec.convert(root, PlanInfo))


def test_parents_stand_before_children():
    found = plan(node("Join", node("Project", node("Scan a ")), node("Scan b ")))
    assert [(row.name, row.depth) for row in found] == [
        ("Join", 0),
        ("Project", 1),
        ("Scan a", 2),
        ("Scan b", 1),
    ]


def test_the_bridge_to_generated_code_is_left_out():
    found = plan(node("WholeStageCodegen (1)", node("InputAdapter", node("Exchange"))))
    assert [(row.name, row.depth) for row in found] == [("WholeStageCodegen (1)", 0), ("Exchange", 1)]


def test_a_node_has_its_metrics_and_its_text():
    metrics = [{"name": "rows", "accumulatorId": 7, "metricType": "sum"}]
    assert plan(node("Scan", metrics=metrics)) == (
        PlanNode("Scan", "Scan [x]", (PlanMetric("rows", 7, "sum"),)),
    )


def test_a_huge_plan_is_cut():
    found = plan({**node("Union", *[node("Scan")] * (2 * MOST_NODES)), "simpleString": "x" * 10_000})
    assert len(found) == MOST_NODES
    assert len(found[0].text) == 2000


def test_no_plan_has_no_operators():
    assert plan_of(None) == ()
    assert plan({"nodeName": "Scan", "children": None, "simpleString": None, "metrics": None}) == (
        PlanNode("Scan", ""),
    )
