"""Joins that compare every row with every other, and broadcasts that are too large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import counts, size
from airflow_spark_guard.core.history.alerts.places import execution_place
from airflow_spark_guard.core.history.alerts.plan import ROWS, children, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, SqlNode

_GIB: Final = 1 << 30
_SIDES: Final = 2
_NESTED: Final = "BroadcastNestedLoopJoin"
_CURES: Final = {
    "CartesianProduct": (
        "Give the join an equality: join(other, on=key). If every pair is needed, crossJoin() with a "
        "filtered "
        "side, and broadcast() a small one."
    ),
    _NESTED: (
        "The condition has no equality that holds for all of it. Write `a or b` as a union of two joins; "
        "join a "
        "range on equal buckets of the value first; replace `not in` by a left_anti join on columns "
        "without null."
    ),
}


class PairwiseJoin(Rule):
    """A join that compares each row with each row."""

    name = "pairwise join"
    about = "A cartesian or nested-loop join compares each row of one side with each row of the other"
    limits = Limits(
        figure="pairs of rows: rows of one side times rows of the other",
        shown=counts("pair"),
        warning=1e9,
        critical=1e10,
        source="DataFlint: 10,000,000,000 pairs; Kindling reports each such join; 1,000,000,000 is ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each join."""
        tasks: dict[int | None, int] = {}
        for stage in history.stages:
            tasks[stage.execution] = max(stage.tasks, tasks.get(stage.execution, 0))
        for execution in history.executions:
            for place, node in enumerate(execution.nodes):
                if node.name not in _CURES:
                    continue
                pairs = _pairs(execution.nodes, place, tasks.get(execution.execution, 0))
                if pairs is not None and self.limits.passed(pairs):
                    said = Said(f"A {node.name} compared at least", " of rows.")
                    where = execution_place(history, execution)
                    yield from self.raised(pairs, where, said, _CURES[node.name])


def _pairs(nodes: Sequence[SqlNode], place: int, tasks: int) -> float | None:
    """The pairs that a join compared, or a smaller number; None if unknown.

    A CartesianProduct reads each side once for each partition of the other one, so that the rows of both
    sides are too many by its number of tasks: Spark 4.2, ``UnsafeCartesianRDD``.

    Args:
        nodes: of the plan.
        place: of the join.
        tasks: the most tasks that a stage of this execution had; 0 if unknown.
    """
    sides = [rows(nodes, child) for child in children(nodes, place)]
    known = [side for side in sides if side is not None]
    if len(sides) != _SIDES or len(known) != _SIDES:
        return nodes[place].metrics.get(ROWS)
    repeated = 1 if nodes[place].name == _NESTED else tasks
    product = known[0] * known[1] / repeated if repeated else 0.0
    return max(product, nodes[place].metrics.get(ROWS, 0.0))


class LargeBroadcast(Rule):
    """A broadcast of a large table."""

    name = "large broadcast"
    about = "A table was collected in the driver and sent to every executor, and it is large"
    limits = Limits(
        figure="bytes that were broadcast",
        shown=size,
        warning=_GIB,
        critical=4 * _GIB,
        source="DataFlint: 1 GiB; half of Spark's maximum of 8 GiB",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each broadcast."""
        for execution in history.executions:
            for node in execution.nodes:
                sent = node.metrics.get("data size")
                if node.name == "BroadcastExchange" and sent is not None and self.limits.passed(sent):
                    said = Said("A join broadcast", ": the driver held it, and so does each executor.")
                    cure = (
                        "Select only the columns that the join needs; take broadcast() away, or lower "
                        "spark.sql.autoBroadcastJoinThreshold, so that Spark shuffles both sides."
                    )
                    yield from self.raised(sent, execution_place(history, execution), said, cure)
