"""The true depth of a lineage: of the logical plan, and of the RDDs that it reads.

No job runs, no plan is optimized, no text of a plan is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.errors import NotAFrameError
from airflow_spark_guard.job.instruments.frames.connect_plans import connect_depth
from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans, is_connect, running_context
from airflow_spark_guard.job.instruments.frames.paths import Depth, longest_path

if TYPE_CHECKING:
    from collections.abc import Iterator

# Spark has no depth of an RDD: each costs five Py4J calls, so the walk ends here. The RDD's own text
# (toDebugString) would be one call, and one line of text for each of them.
MOST_RDDS = 300
_MOST_RDD_LEAVES = 20


@dataclass(frozen=True)
class Lineage:
    """How far a DataFrame is from its sources.

    Attributes:
        plan: operators on the longest path of the logical plan as the script built it. What Spark merges
            while the script builds it counts once: a chain of ``union`` is one operator.
        rdd: RDDs on the longest chain behind a leaf of the plan; 0 if no leaf is an RDD, as with files and
            tables; None on Spark Connect, whose client cannot see them.
    """

    plan: Depth
    rdd: Depth | None

    @property
    def deepest(self) -> Depth:
        """The larger of both: either makes planning or a task large on its own."""
        return self.plan if self.rdd is None else max(self.plan, self.rdd)


def lineage_of(df: Any) -> Lineage:
    """The lineage of a DataFrame, classic or Connect.

    Raises:
        NotAFrameError: this is not a DataFrame.
        StoppedSessionError: its session has ended.
    """
    if is_connect(df):
        return Lineage(connect_depth(df)[0], None)
    return classic_lineage(JvmPlans(df))


def classic_lineage(plans: JvmPlans) -> Lineage:
    """The same of plans that are at hand."""
    return Lineage(plans.height(plans.analyzed), _deepest_rdd(plans))


def rdd_depth(rdd: Any) -> Depth:
    """The longest chain of an RDD of Python; functions that PySpark runs in one pass count as one.

    The RDD's function is not pickled for that: it waits for its first use.

    Raises:
        NotAFrameError: this is not an RDD.
        StoppedSessionError: its context has ended.
    """
    from pyspark import RDD

    if not isinstance(rdd, RDD):
        raise NotAFrameError(
            "This is not an RDD.",
            got=f"an object of type {type(rdd).__module__}.{type(rdd).__qualname__}",
            expected="an RDD of pyspark",
            advice="Pass the RDD itself; a DataFrame has lineage_of().",
        )
    running_context(rdd.context)
    # What PySpark runs as one function has no RDD in the JVM before its first use, only the one below it.
    before = getattr(rdd, "_prev_jrdd", None)
    if before is not None and rdd._jrdd_val is None:  # noqa: SLF001 - there is no public way
        below = _jvm_rdd_depth(before.rdd())
        return Depth(below.value + 1, below.exact)
    return _jvm_rdd_depth(rdd._jrdd.rdd())  # noqa: SLF001 - the same


def _deepest_rdd(plans: JvmPlans) -> Depth:
    deepest, seen = Depth(0), set()
    for number, rdd in enumerate(plans.rdds(plans.analyzed)):
        if number == _MOST_RDD_LEAVES:
            return Depth(deepest.value, exact=False)
        if rdd.id() not in seen:
            seen.add(rdd.id())
            deepest = max(deepest, _jvm_rdd_depth(rdd))
    return deepest


def _jvm_rdd_depth(rdd: Any) -> Depth:
    """The longest chain of an RDD of the JVM; the parent of a checkpointed one is the checkpoint."""
    return longest_path(rdd, _parents, lambda one: one.id(), MOST_RDDS)[0]


def _parents(rdd: Any) -> Iterator[Any]:
    dependencies = rdd.dependencies()
    for place in range(dependencies.size()):
        yield dependencies.apply(place).rdd()
