"""The lineage of DataFrames and RDDs of real Spark, against plans built to known depth."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as sf

from airflow_spark_guard.job.instruments.errors import (
    NotAFrameError,
    StoppedSessionError,
)
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of, rdd_depth
from airflow_spark_guard.job.instruments.frames.paths import Depth
from tests.support.spark_jobs import jobs

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def columns(frame, count):
    for number in range(count):
        frame = frame.withColumn(f"c{number % 3}", sf.col("id") + number)
    return frame


def filters(frame, count):
    for number in range(count):
        frame = frame.filter(sf.col("id") > number)
    return frame


def unions(frame, count):
    other = frame
    for _ in range(count):
        frame = frame.union(other)
    return frame


def joins(frame, count):
    for number in range(count):
        frame = frame.join(frame.sparkSession.range(5).withColumn(f"j{number}", sf.lit(1)), "id")
    return frame


def aggregations(frame, count):
    for _ in range(count):
        frame = frame.groupBy("id").count().drop("count")
    return frame


@pytest.mark.parametrize(
    ("build", "count", "depth"),
    [
        (columns, 0, 1),
        (columns, 40, 41),
        (filters, 40, 41),
        (unions, 40, 2),  # Spark makes one operator of a chain of unions
        (joins, 10, 22),  # a join with "id" is a join and a projection; the first right side has two more
        (aggregations, 10, 21),  # an aggregate and a projection
    ],
)
def test_the_depth_is_that_of_the_plan(spark, build, count, depth):
    """And the plan is not run."""
    frame = build(spark.range(10), count)
    before = jobs(spark)
    assert lineage_of(frame).plan == Depth(depth)
    assert jobs(spark) == before


def test_the_longest_of_two_sides_counts(spark):
    """A join of a deep and a shallow DataFrame."""
    frame = filters(spark.range(10), 20).crossJoin(spark.range(3).toDF("j"))
    assert lineage_of(frame).deepest == Depth(22)


def test_a_cache_cuts_nothing(spark):
    """What the issue's source does instead of a checkpoint."""
    frame = filters(spark.range(10), 40).cache()
    frame.count()
    assert lineage_of(frame).deepest == Depth(41)
    frame.unpersist()


def test_the_rdds_behind_a_dataframe_count(spark):
    """By the chain that Spark itself prints, which is read here only."""
    rdd = spark.sparkContext.parallelize([(1,)], 2)
    for _ in range(12):
        rdd = rdd.map(lambda row: row).coalesce(2, shuffle=True)
    frame = rdd.toDF(["a"])
    chain = rdd._jrdd.rdd().toDebugString().splitlines()
    found = lineage_of(frame)
    assert found.plan == Depth(1)
    assert found.rdd.exact
    # Four steps at the most turn Python's rows into Spark's.
    assert len(chain) < found.rdd.value <= len(chain) + 4
    assert found.deepest == found.rdd


def test_the_depth_of_an_rdd_counts_what_python_runs_at_once_as_one(spark):
    """Before and after it was used; and its function is not pickled for that."""
    source = spark.sparkContext.parallelize(list(range(10)), 2)
    mapped = source.map(lambda x: x + 1).filter(bool).map(lambda x: x)
    below = rdd_depth(source)
    assert rdd_depth(mapped) == Depth(below.value + 1)
    assert mapped._jrdd_val is None
    assert mapped.count() == 10
    assert mapped._jrdd is not None
    assert rdd_depth(mapped) == Depth(below.value + 1)
    both = mapped.union(source)
    assert rdd_depth(both).value == below.value + 2


def test_a_checkpointed_rdd_is_short(spark):
    """Its parent is the checkpoint."""
    rdd = spark.sparkContext.parallelize(range(10), 2)
    for _ in range(6):
        rdd = rdd.map(lambda x: x).coalesce(2, shuffle=True)
    before = rdd_depth(rdd).value
    rdd.localCheckpoint()
    assert rdd.count() == 10
    assert before > 12
    assert rdd_depth(rdd) == Depth(2)


def test_something_else_is_refused(spark):
    with pytest.raises(
        NotAFrameError, match=r"^This is not a DataFrame.\n  got: an object of type builtins.str\n"
    ):
        lineage_of("df")
    with pytest.raises(NotAFrameError, match=r"^This is not an RDD.\n  got: an object of type pyspark.sql"):
        rdd_depth(spark.range(1))


def test_the_dataframe_of_a_stopped_session(spark):
    """The last test: it stops the session of this module. The plan could still be read; nothing could run."""
    frame, rdd = spark.range(5), spark.sparkContext.parallelize([1])
    spark.stop()
    with pytest.raises(StoppedSessionError, match="no longer runs.\n  got: the session was stopped\n"):
        lineage_of(frame)
    with pytest.raises(StoppedSessionError):
        rdd_depth(rdd)
