"""How many partitions a DataFrame has, as far as that is known before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans

_EXCHANGE = "org.apache.spark.sql.execution.exchange.Exchange"
_ADAPTIVE = "org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec"
_CACHED = "org.apache.spark.sql.execution.columnar.InMemoryTableScanExec"


@dataclass(frozen=True)
class Partitions:
    """The partitions of a DataFrame's result.

    Attributes:
        count: their number; None if only a run decides it.
        planned: what Spark plans for a shuffle at the end; adaptive execution may merge them. None if no
            shuffle decides the number, or Spark's plan does not state it.
        reason: why there is no count; empty if there is one.
    """

    count: int | None
    planned: int | None = None
    reason: str = ""


def partitions_of(plans: JvmPlans, execution: Any) -> Partitions:
    """Ask the physical plan, and the RDD it would make where making it starts nothing.

    ``DataFrame.rdd.getNumPartitions()`` is not asked: with adaptive execution it runs every stage but the
    last; with a broadcast or a subquery it starts their jobs; and it compiles the generated code.

    Args:
        plans: of the DataFrame.
        execution: a QueryExecution of ours.

    Raises:
        Py4JJavaError, PySparkException: Spark cannot plan it.
    """
    executed = execution.executedPlan()
    nodes = plans.nodes(executed)
    if plans.count(nodes, _ADAPTIVE):
        first = next(plans.of_class(nodes, _ADAPTIVE))
        planned = _stated(first.initialPlan())
        return Partitions(None, planned, "adaptive execution decides it when the DataFrame runs")
    if plans.count(nodes, _EXCHANGE):
        planned = _stated(executed)
        return Partitions(planned, planned, "" if planned else "the plan does not state it")
    if plans.count(nodes, _CACHED):
        return Partitions(None, reason="it reads a cache, which may not be filled yet")
    if not executed.subqueriesAll().isEmpty():
        return Partitions(None, reason="a subquery would have to run first")
    # Before code generation: its RDD has the same partitions, and nothing is compiled.
    return Partitions(int(execution.sparkPlan().execute().getNumPartitions()))


def _stated(plan: Any) -> int | None:
    return int(plan.outputPartitioning().numPartitions()) or None
