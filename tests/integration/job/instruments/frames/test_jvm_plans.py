"""What is read of the JVM: the contract with names that PySpark does not publish."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as sf

from airflow_spark_guard.job.instruments.errors import StoppedSessionError
from airflow_spark_guard.job.instruments.frames.jvm_plans import (
    MOST_NODES,
    JvmPlans,
    is_classic,
    is_connect,
    java_class,
    java_errors,
    overflowed,
    running_context,
    walked_height,
)
from airflow_spark_guard.job.instruments.frames.paths import Depth

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


JOIN = "org.apache.spark.sql.catalyst.plans.logical.Join"


def filters(frame, count):
    for number in range(count):
        frame = frame.filter(sf.col("id") > number)
    return frame


def test_node_by_node_the_height_is_the_same(spark):
    """As it is read on Spark 3.5, whose nodes do not know their height."""
    for frame in (
        filters(spark.range(10), 9),
        spark.range(5).join(filters(spark.range(10), 4), "id"),
        spark.range(5).union(spark.range(6)).groupBy("id").count(),
    ):
        plans = JvmPlans(frame)
        assert walked_height(plans.analyzed) == plans.height(plans.analyzed)


def test_node_by_node_a_deep_plan_has_a_lower_bound(spark):
    """300 nodes are read, no more."""
    found = walked_height(JvmPlans(filters(spark.range(10), MOST_NODES + 20)).analyzed)
    assert found == Depth(MOST_NODES, exact=False)


def test_a_plan_without_a_height_is_walked(spark):
    """Py4J reports the missing method, or the overflow, with one error."""
    plans = JvmPlans(spark.range(5))

    class OfThreeFive:
        def height(self):
            return plans.analyzed.noSuchMethod()

        def children(self):
            return plans.analyzed.children()

    assert plans.height(OfThreeFive()) == Depth(1)


def test_nodes_are_counted_and_found_by_their_class(spark):
    plans = JvmPlans(spark.range(5).join(spark.range(5), "id").join(spark.range(5), "id"))
    nodes = plans.nodes(plans.analyzed)
    assert (nodes.size(), plans.count(nodes, JOIN)) == (7, 2)
    assert [one.getClass().getName() for one in plans.of_class(nodes, JOIN)] == [JOIN, JOIN]
    assert plans.has_joins(plans.analyzed)
    assert all(plans.has_keys(one) for one in plans.of_class(nodes, JOIN))
    assert not JvmPlans(spark.range(5)).has_joins(JvmPlans(spark.range(5)).analyzed)


def test_an_anti_join_with_nulls_has_a_key(spark):
    """``NOT IN`` is hashed by one column, though its condition is not an equality."""
    spark.createDataFrame([(1,), (None,)], "a int").createOrReplaceTempView("some")
    spark.createDataFrame([(2,), (None,)], "b int").createOrReplaceTempView("others")
    plans = JvmPlans(spark.sql("SELECT * FROM some WHERE a NOT IN (SELECT b FROM others)"))
    optimized = plans.execution().optimizedPlan()
    (join,) = plans.of_class(plans.nodes(optimized), JOIN)
    assert plans.has_keys(join)


def test_the_rdds_of_a_plan_are_those_of_its_leaves(spark):
    frame = (
        spark.createDataFrame([(1,)], "id long").union(spark.range(3)).union(spark.range(3).localCheckpoint())
    )
    assert len({rdd.id() for rdd in JvmPlans(frame).rdds(JvmPlans(frame).analyzed)}) == 2


def test_an_overflow_of_the_stack_is_recognized(spark):
    """The analyzer's recursion, on 5,000 additions; other errors of the JVM arrive as other classes."""
    column = sf.col("id")
    for _ in range(5000):
        column = column + 1
    with pytest.raises(java_errors()) as caught:
        spark.range(1).select(column)
    assert overflowed(caught.value)
    with pytest.raises(java_errors()) as other:
        spark.range(1).select("no_such_column")
    assert (overflowed(other.value), java_class(other.value)) == (False, "AnalysisException")


def test_classic_and_connect_are_kept_apart(spark):
    assert is_classic(spark.range(1))
    assert not is_connect(spark.range(1))
    assert not is_classic(spark)


def test_a_context_that_the_jvm_has_stopped(spark):
    """The last test. Python learns of it from the JVM; and of a JVM that has ended, from the connection."""
    context = spark.sparkContext
    assert running_context(context) is context
    context._jsc.sc().stop()
    with pytest.raises(StoppedSessionError, match="got: the session was stopped"):
        running_context(context)
