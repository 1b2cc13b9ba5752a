"""The plan of a SQL execution in an event log, flattened."""

from __future__ import annotations

from msgspec import Struct

from airflow_spark_guard.core.history.event_kinds import Plan, PlanMetric, PlanNode
from airflow_spark_guard.core.history.sql_plan import MOST_NODES
from airflow_spark_guard.sources.event_log_tasks import Whole  # noqa: TC001 - msgspec reads the types of fields

_LONGEST_TEXT = 2000
_LONGEST_NAME = 300
_MOST_METRICS = 100
# Between an operator with generated code and its child without: it does nothing.
_ADAPTER = "InputAdapter"


class Metric(Struct, rename="camel", gc=False):
    """A metric of an operator."""

    name: str
    accumulator_id: Whole
    metric_type: str = "sum"


class PlanInfo(Struct, rename="camel"):
    """An operator with those below it: ``org.apache.spark.sql.execution.SparkPlanInfo``."""

    node_name: str
    simple_string: str | None = None
    children: list[PlanInfo] | None = None
    metrics: list[Metric] | None = None


def plan_of(root: PlanInfo | None) -> Plan:
    """The operators, parents before children; of a huge plan the first ones."""
    found: list[PlanNode] = []
    rest = [] if root is None else [(root, 0)]
    while rest and len(found) < MOST_NODES:
        node, depth = rest.pop()
        is_shown = node.node_name != _ADAPTER
        if is_shown:
            found.append(_node(node, depth))
        below = depth + is_shown
        rest += [(child, below) for child in reversed(node.children or ())]
    return tuple(found)


def _node(info: PlanInfo, depth: int) -> PlanNode:
    metrics = (info.metrics or [])[:_MOST_METRICS]
    return PlanNode(
        info.node_name.strip()[:_LONGEST_NAME],
        (info.simple_string or "")[:_LONGEST_TEXT],
        tuple(PlanMetric(row.name[:_LONGEST_NAME], row.accumulator_id, row.metric_type) for row in metrics),
        depth,
    )
