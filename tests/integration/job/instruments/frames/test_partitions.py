"""The partitions of a DataFrame that has not run."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as sf

from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans
from airflow_spark_guard.job.instruments.frames.partitions import Partitions, partitions_of
from tests.support.spark_jobs import jobs

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def partitions(frame):
    plans = JvmPlans(frame)
    return partitions_of(plans, plans.execution())


SHAPES = {
    "range": (lambda spark: spark.range(0, 100, 1, 5).filter("id > 3"), 5),
    "coalesce": (lambda spark: spark.range(0, 100, 1, 5).coalesce(2), 2),
    "union": (lambda spark: spark.range(0, 9, 1, 3).union(spark.range(0, 9, 1, 4)), 7),
    "limit": (lambda spark: spark.range(100).limit(5), 1),
    "rows": (lambda spark: spark.createDataFrame([(1,), (2,), (3,)], "a int"), 2),
    "nothing": (lambda spark: spark.createDataFrame([], "a int").filter("false"), 0),
    "function": (lambda spark: spark.range(0, 9, 1, 4).select(sf.udf(lambda x: x, "long")("id")), 4),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_partitions_are_counted_without_a_job(spark, shape):
    build, expected = SHAPES[shape]
    frame = build(spark)
    before = jobs(spark)
    assert partitions(frame) == Partitions(expected)
    assert jobs(spark) == before
    assert frame.rdd.getNumPartitions() == expected


DECIDED_LATE = {
    "groupBy": (lambda spark: spark.range(0, 100, 1, 5).groupBy(sf.col("id") % 9).count(), 2),
    "sort": (lambda spark: spark.range(0, 100, 1, 5).sort(sf.col("id") % 3), 2),
    "repartition": (lambda spark: spark.range(100).repartition(7), 7),
    "broadcast": (lambda spark: spark.range(0, 100, 1, 5).join(sf.broadcast(spark.range(4)), "id"), 5),
}


@pytest.mark.parametrize("shape", DECIDED_LATE)
def test_what_adaptive_execution_decides_has_a_reason_and_no_job(spark, shape):
    """``df.rdd.getNumPartitions()`` would run the shuffle."""
    build, planned = DECIDED_LATE[shape]
    frame = build(spark)
    before = jobs(spark)
    found = partitions(frame)
    assert jobs(spark) == before
    assert found == Partitions(None, planned, "adaptive execution decides it when the DataFrame runs")


def test_without_adaptive_execution_a_shuffle_states_its_partitions(spark):
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    try:
        before = jobs(spark)
        assert partitions(spark.range(0, 100, 1, 5).groupBy(sf.col("id") % 9).count()).count == 2
        cached = spark.range(0, 100, 1, 5).groupBy(sf.col("id") % 9).count().cache()
        assert partitions(cached).reason == "it reads a cache, which may not be filled yet"
        assert jobs(spark) == before
        cached.unpersist()
    finally:
        spark.conf.unset("spark.sql.adaptive.enabled")
