"""What a DataFrame is made of, before it runs: columns, partitions, lineage, size, joins without keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.frames.connect_plans import connect_depth
from airflow_spark_guard.job.instruments.frames.frame_warnings import (
    FrameLimits,
    FrameWarning,
    JoinSide,
    KeylessJoin,
    depth_warnings,
    join_warnings,
    partition_warnings,
)
from airflow_spark_guard.job.instruments.frames.jvm_plans import (
    JvmPlans,
    is_connect,
    java_class,
    java_errors,
    overflowed,
)
from airflow_spark_guard.job.instruments.frames.lineage import Lineage, classic_lineage
from airflow_spark_guard.job.instruments.frames.partitions import Partitions, partitions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# Planning a deeper plan takes seconds, and around 1,000 operators in a row the JVM's stack overflows.
MOST_PLANNED = 500
_MOST_JOINS = 20
_SHOWN_NAMES = 3
# Above it a size is Spark's stand-in for "unknown" (spark.sql.defaultSizeInBytes: 8 EiB), or made of it.
_UNKNOWN = 1 << 60
_JOIN = "org.apache.spark.sql.catalyst.plans.logical.Join"
_ON_CONNECT = "Spark Connect gives its client no physical plan"


@dataclass(frozen=True)
class FrameAnalysis:
    """What is known of a DataFrame.

    Attributes:
        columns: their number.
        partitions: of the result, with the reason where they are not known.
        lineage: the depth of the plan, and of the RDDs behind it.
        plan_nodes: operators of the logical plan; None if there are too many for Spark's recursion.
        estimated_bytes: of the result, by Spark's optimizer; None if it has no estimate. After a join without
            statistics Spark multiplies the sizes of both sides, so the number may be far too large.
        joins: joins of the optimized plan; None if it was not optimized.
        keyless_joins: those without keys, the first 20.
        too_deep_to_plan: Spark's optimizer overflows the JVM's stack, as it will when the DataFrame runs.
        cores: tasks that run at the same time, as Spark's default parallelism states; None on Connect.
        rows: counted if asked for.
        unknown: what is not known, each with its reason.
        warnings: figures above their limits.
    """

    columns: int
    partitions: Partitions
    lineage: Lineage
    plan_nodes: int | None
    estimated_bytes: int | None = None
    joins: int | None = None
    keyless_joins: tuple[KeylessJoin, ...] = ()
    too_deep_to_plan: bool = False
    cores: int | None = None
    rows: int | None = None
    unknown: tuple[str, ...] = ()
    warnings: tuple[FrameWarning, ...] = ()


def analyze(
    df: Any, *, count: bool = False, plan: bool = True, limits: FrameLimits | None = None
) -> FrameAnalysis:
    """Analyze a DataFrame; no job runs unless ``count`` asks for one.

    Tables that list their files when they are planned, and sources that plan on the cluster, do so here too.

    Args:
        df: the DataFrame, classic or Connect.
        count: count the rows, which runs the DataFrame.
        plan: also plan it, for bytes, joins and partitions: as long as Spark takes to plan it once. Without
            it only columns, lineage and nodes are known, in a dozen calls.
        limits: of the warnings.

    Raises:
        NotAFrameError: this is not a DataFrame.
        StoppedSessionError: its session has ended.
    """
    limits = limits or FrameLimits()
    found = _of_connect(df) if is_connect(df) else _of_classic(JvmPlans(df), plan=plan)
    if count:
        found = replace(found, rows=int(df.count()))
    return replace(found, warnings=tuple(_warnings(found, limits)))


def _of_connect(df: Any) -> FrameAnalysis:
    depth, nodes = connect_depth(df)
    unknown = tuple(f"{what}: {_ON_CONNECT}" for what in ("estimated bytes", "joins", "RDDs"))
    partitions = Partitions(None, reason=_ON_CONNECT)
    return FrameAnalysis(len(df.columns), partitions, Lineage(depth, None), nodes, unknown=unknown)


def _of_classic(plans: JvmPlans, *, plan: bool) -> FrameAnalysis:
    lineage = classic_lineage(plans)
    cores = int(plans.context.defaultParallelism)
    columns = int(plans.analyzed.output().size())
    try:
        nodes: int | None = int(plans.nodes(plans.analyzed).size())
    except java_errors() as error:
        if not overflowed(error):
            raise
        nodes = None
    found = FrameAnalysis(columns, Partitions(None, reason="not asked for"), lineage, nodes, cores=cores)
    if not plan:
        return found
    if nodes is None or lineage.plan.value > MOST_PLANNED:
        return _unplanned(found, f"the plan is {lineage.plan} operators deep (limit: {MOST_PLANNED})")
    try:
        return _planned(plans, found)
    except java_errors() as error:
        if overflowed(error):
            return _unplanned(replace(found, too_deep_to_plan=True), "it is too deep for Spark's optimizer")
        return _unplanned(found, f"Spark does not plan it ({java_class(error)})")


def _planned(plans: JvmPlans, found: FrameAnalysis) -> FrameAnalysis:
    execution = plans.execution()
    optimized = execution.optimizedPlan()
    size = _bytes(optimized)
    joins, keyless = _joins(plans, optimized)
    partitions = partitions_of(plans, execution)
    unknown = [] if size is not None else ["estimated bytes: Spark does not know the size of a source"]
    if partitions.count is None:
        unknown.append(f"partitions: {partitions.reason}")
    return replace(
        found,
        partitions=partitions,
        estimated_bytes=size,
        joins=joins,
        keyless_joins=keyless,
        unknown=tuple(unknown),
    )


def _unplanned(found: FrameAnalysis, reason: str) -> FrameAnalysis:
    unknown = tuple(f"{what}: {reason}" for what in ("estimated bytes", "joins", "partitions"))
    return replace(found, partitions=Partitions(None, reason=reason), unknown=unknown)


def _joins(plans: JvmPlans, optimized: Any) -> tuple[int, tuple[KeylessJoin, ...]]:
    """How many joins there are, and which of them have no keys. The filters are in the joins by now."""
    if not plans.has_joins(optimized):
        return 0, ()
    nodes = plans.nodes(optimized)
    keyless = []
    for join in plans.of_class(nodes, _JOIN):
        if not (plans.has_keys(join) or _one_row(join.left()) or _one_row(join.right())):
            keyless.append(_keyless(join))
        if len(keyless) == _MOST_JOINS:
            break
    return plans.count(nodes, _JOIN), tuple(keyless)


def _keyless(join: Any) -> KeylessJoin:
    return KeylessJoin(
        "cartesian product" if join.condition().isEmpty() else "nested loop",
        str(join.joinType().sql()),
        _side(join.left()),
        _side(join.right()),
    )


def _one_row(plan: Any) -> bool:
    """A total, or a scalar subquery: joining it costs one pass."""
    most = plan.maxRows()
    return bool(most.isDefined()) and int(most.get()) <= 1


def _side(plan: Any) -> JoinSide:
    output = plan.output()
    columns = int(output.size())
    names = tuple(str(output.apply(place).name()) for place in range(min(columns, _SHOWN_NAMES)))
    return JoinSide(columns, names, _bytes(plan))


def _bytes(plan: Any) -> int | None:
    size = int(str(plan.stats().sizeInBytes()))
    return size if size < _UNKNOWN else None


def _warnings(found: FrameAnalysis, limits: FrameLimits) -> Iterator[FrameWarning]:
    yield from depth_warnings(found.lineage.deepest, limits, too_deep=found.too_deep_to_plan)
    yield from join_warnings(found.keyless_joins)
    if found.cores is not None and not found.joins:
        # The estimate behind a join does not measure a partition.
        yield from partition_warnings(found.partitions.count, found.cores, found.estimated_bytes, limits)
