"""The plans of a classic DataFrame, read in few Py4J calls: each takes 0.03 ms or more.

This module, ``lineage``, ``partitions`` and ``jvm_storage`` use names that PySpark does not publish; their
tests in ``tests/integration/job/instruments`` are the contract. No plan is ever turned into text, and none of
the DataFrame's own lazy steps is taken: a DataFrame that was optimized before ``cache()`` ignores the cache.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.errors import (
    NotAFrameError,
    StoppedSessionError,
)
from airflow_spark_guard.job.instruments.frames.paths import Depth, longest_path

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read node by node, on a Spark without TreeNode.height (3.5): at most so many.
MOST_NODES = 300
_LEAVES_WITH_RDD = ("org.apache.spark.sql.execution.LogicalRDD", "org.apache.spark.sql.execution.ExternalRDD")


def is_connect(of_spark: Any) -> bool:
    """Whether this DataFrame belongs to Spark Connect."""
    return type(of_spark).__module__.startswith("pyspark.sql.connect")


def is_classic(df: Any) -> bool:
    """Whether this is a DataFrame of a classic session."""
    from pyspark.sql import DataFrame

    return isinstance(df, DataFrame) and not is_connect(df)


def java_errors() -> tuple[type[Exception], ...]:
    """What an exception of the JVM arrives as: PySpark has classes of its own for some of them."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    return Py4JJavaError, PySparkException


def java_class(error: Exception) -> str:
    """The short name of the exception, of the JVM where that is known."""
    cause = getattr(error, "java_exception", None)
    return type(error).__name__ if cause is None else str(cause.getClass().getSimpleName())


def overflowed(error: Exception) -> bool:
    """Whether this is the JVM's StackOverflowError: a plan too deep for Spark's recursion."""
    return java_class(error) == "StackOverflowError"


class JvmNames:
    """Functions and classes of the JVM, found once: Py4J asks the JVM anew for each part of a dotted name.

    Args:
        jvm: ``SparkContext._jvm``.
    """

    def __init__(self, jvm: Any) -> None:
        lists, predef = jvm.scala.collection.JavaConverters, jvm.scala.Predef
        # Spark ships Guava under this name; a filter written in Python would be a call for each node.
        iterables = jvm.org.sparkproject.guava.collect.Iterables
        self._class_of = jvm.java.lang.Class.forName
        self._classes: dict[str, Any] = {}
        # A Scala Seq as a Java list; a function of Scala that returns its argument.
        self.as_list = lists.seqAsJavaList
        self.same = getattr(predef, "$conforms")()
        self._filter = iterables.filter
        self.size = iterables.size

    def filtered(self, nodes: Any, class_name: str) -> Any:
        """Those of a Java list that are of this class, as an Iterable of Java."""
        if class_name not in self._classes:
            self._classes[class_name] = self._class_of(class_name)
        return self._filter(nodes, self._classes[class_name])


@functools.lru_cache(maxsize=1)
def names_of(jvm: Any) -> JvmNames:
    """The names of this JVM; a process has one at a time."""
    return JvmNames(jvm)


class JvmPlans:
    """What the JVM knows of a DataFrame before anything runs.

    Args:
        df: a DataFrame of a classic session.

    Raises:
        NotAFrameError: it is something else.
        StoppedSessionError: its session has ended.
    """

    def __init__(self, df: Any) -> None:
        if not is_classic(df):
            raise NotAFrameError(
                "This is not a DataFrame.",
                got=f"an object of type {type(df).__module__}.{type(df).__qualname__}",
                expected="a DataFrame of pyspark.sql",
                advice="Pass the DataFrame itself, not its name or its rows.",
            )
        self.context = running_context(df.sparkSession.sparkContext)
        self._jvm = self.context._jvm  # noqa: SLF001 - there is no public way
        self._names = names_of(self._jvm)
        self._frame = df._jdf  # noqa: SLF001 - the same

    @functools.cached_property
    def analyzed(self) -> Any:
        """The logical plan as the script built it; the DataFrame it was made from shares its nodes."""
        return self._frame.queryExecution().analyzed()

    def execution(self) -> Any:
        """A QueryExecution of our own for this plan: its lazy steps freeze nothing of the DataFrame's."""
        state = self._frame.sparkSession().sessionState()
        return state.executePlan(self.analyzed, getattr(state, "executePlan$default$2")())

    def height(self, plan: Any) -> Depth:
        """The longest path of operators.

        Spark keeps the height in each node, so an iterative job pays for its new nodes only, all in one call.
        """
        from py4j.protocol import Py4JError

        try:
            return Depth(int(plan.height()))
        except Py4JError:  # Spark 3.5 has no such method; or the plan is too deep for its recursion
            return walked_height(plan)

    def nodes(self, plan: Any) -> Any:
        """All nodes of a plan as a Java list, in one call: mapped with a function that changes nothing.

        Raises:
            Py4JJavaError: the plan is too deep for that; see :func:`overflowed`.
        """
        return self._names.as_list(plan.map(self._names.same))

    def count(self, nodes: Any, class_name: str) -> int:
        """How many nodes of a list are of this class."""
        return int(self._names.size(self._names.filtered(nodes, class_name)))

    def of_class(self, nodes: Any, class_name: str) -> Iterator[Any]:
        """The nodes of a list that are of this class, one by one."""
        found = self._names.filtered(nodes, class_name).iterator()
        while found.hasNext():
            yield found.next()

    def rdds(self, plan: Any) -> Iterator[Any]:
        """The JVM's RDDs that this plan reads, of leaves that are RDDs; not of files and tables."""
        leaves = self._names.as_list(plan.collectLeaves())
        for class_name in _LEAVES_WITH_RDD:
            for leaf in self.of_class(leaves, class_name):
                yield leaf.rdd()

    def has_joins(self, plan: Any) -> bool:
        """One bit of the plan's root."""
        return bool(plan.containsPattern(self._jvm.org.apache.spark.sql.catalyst.trees.TreePattern.JOIN()))

    def has_keys(self, join: Any) -> bool:
        """Whether Spark can hash or sort this join of the logical plan by a key."""
        planning = self._jvm.org.apache.spark.sql.catalyst.planning
        keys = (planning.ExtractEquiJoinKeys, planning.ExtractSingleColumnNullAwareAntiJoin)
        return any(one.unapply(join).isDefined() for one in keys)


def running_context(context: Any) -> Any:
    """The context itself.

    Raises:
        StoppedSessionError: it was stopped, or its JVM has ended.
    """
    from py4j.protocol import Py4JNetworkError

    inside = context._jsc  # noqa: SLF001 - there is no public way
    try:
        stopped = inside is None or bool(inside.sc().isStopped())
        ended = "the session was stopped"
    except (Py4JNetworkError, OSError):
        stopped, ended = True, "the JVM of the session has ended"
    if stopped:
        raise StoppedSessionError(
            "The Spark of this DataFrame no longer runs.",
            got=ended,
            expected="a running session",
            advice="Create the DataFrame anew with the session that runs now, or stop the session later.",
        )
    return context


def walked_height(plan: Any) -> Depth:
    """The longest path of operators, read node by node: at most 300 of them, three calls each."""
    # Py4J has a new object for each answer, so two looks at one node cannot be recognized.
    return longest_path(plan, _children, lambda _: object(), MOST_NODES)[0]


def _children(plan: Any) -> Iterator[Any]:
    found = plan.children()
    for place in range(found.size()):
        yield found.apply(place)
