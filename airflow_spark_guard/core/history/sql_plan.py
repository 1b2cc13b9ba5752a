"""The last plan of a SQL execution, with what its metrics hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.history.model import SqlNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.history.event_kinds import Plan, PlanNode

MOST_NODES = 2_000
"""Operators of one plan that are kept."""
_NANOSECONDS = 1e6


def nodes_of(plan: Plan, values: Mapping[int, float]) -> tuple[SqlNode, ...]:
    """The operators of a plan with their metrics; those whose value is not known are left out."""
    return tuple(SqlNode(node.name, node.text, _metrics(node, values), node.depth) for node in plan)


def accumulators_of(plan: Plan) -> set[int]:
    """The ids of the accumulators of a plan's metrics."""
    return {metric.accumulator for node in plan for metric in node.metrics}


def _metrics(node: PlanNode, values: Mapping[int, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, accumulator, kind in node.metrics:
        value = values.get(accumulator)
        # Spark has -1 for a size that was never set; a sum of averages has no meaning.
        if value is not None and value >= 0 and kind != "average":
            amount = value / _NANOSECONDS if kind == "nsTiming" else value
            found[name] = found.get(name, 0) + amount
    return found
