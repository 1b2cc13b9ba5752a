"""The analysis of DataFrames of real Spark: what is known before anything runs, and what it warns of."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as sf

from airflow_spark_guard.job.instruments.errors import NotAFrameError, StoppedSessionError
from airflow_spark_guard.job.instruments.frames import analysis as frames
from airflow_spark_guard.job.instruments.frames.analysis import MOST_PLANNED, analyze
from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans
from airflow_spark_guard.job.instruments.frames.paths import Depth
from tests.support.spark_jobs import jobs

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def filters(frame, count):
    for number in range(count):
        frame = frame.filter(sf.col("id") > number)
    return frame


def test_an_analysis_of_a_file(spark, tmp_path):
    """Its size, its partitions, no join, and no job."""
    path = str(tmp_path / "table")
    spark.range(0, 3000, 1, 3).withColumn("b", sf.col("id") % 7).write.parquet(path)
    frame = spark.read.parquet(path).filter("b > 2")
    before = jobs(spark)
    found = analyze(frame)
    assert jobs(spark) == before
    assert (found.columns, found.plan_nodes, found.lineage.plan, found.lineage.rdd) == (
        2,
        2,
        Depth(2),
        Depth(0),
    )
    assert found.estimated_bytes > 1000
    assert (found.joins, found.keyless_joins, found.cores, found.rows) == (0, (), 2, None)
    assert found.unknown == ()
    assert found.partitions.count == frame.rdd.getNumPartitions()


def test_an_analysis_freezes_nothing(spark):
    """A DataFrame that is cached afterwards reads its cache: its own plan was not made."""
    frame = spark.range(1000).withColumn("r", sf.rand())
    analyze(frame)
    frame.cache()
    assert frame.collect() == frame.collect()
    assert frame._jdf.queryExecution().executedPlan().getClass().getSimpleName() == "InMemoryTableScanExec"
    frame.unpersist()


def test_joins_without_keys_are_found_with_their_sides(spark):
    """Not those whose keys stand in a filter, nor those with a single row."""
    left, right = spark.range(10).toDF("a"), spark.range(20).toDF("b")
    before = jobs(spark)
    cross = analyze(left.crossJoin(right))
    (join,) = cross.keyless_joins
    assert (join.shape, join.left.names, join.right.names) == ("cartesian product", ("a",), ("b",))
    assert (join.left.estimated_bytes, join.right.estimated_bytes) == (80, 160)
    assert [one.kind for one in cross.warnings] == ["join_without_keys"]
    nested = analyze(left.join(right, left.a < right.b))
    assert [one.shape for one in nested.keyless_joins] == ["nested loop"]
    for clean in (
        left.crossJoin(right).where("a = b"),
        left.join(right, left.a == right.b),
        left.crossJoin(right.agg(sf.max("b"))),
    ):
        found = analyze(clean)
        assert (found.joins, found.keyless_joins, found.warnings) == (1, (), ())
    assert jobs(spark) == before


def test_small_partitions_are_too_many(spark):
    """With the figures and a number to coalesce to."""
    (found,) = analyze(spark.range(0, 1000, 1, 200)).warnings
    assert (found.kind, found.figure, found.limit) == ("many_partitions", 200, 8)
    assert "200 partitions of 40 bytes on average, on 2 cores" in found.text
    assert found.cure == "coalesce(2) before the next step."


def test_rows_are_counted_only_if_asked_for(spark):
    before = jobs(spark)
    assert analyze(spark.range(7), count=True).rows == 7
    assert jobs(spark) > before


def test_a_source_of_unknown_size_has_no_estimate(spark):
    frame = spark.sparkContext.parallelize([(1,)], 2).toDF(["a"])
    found = analyze(frame)
    assert found.estimated_bytes is None
    assert found.unknown == ("estimated bytes: Spark does not know the size of a source",)


def test_without_a_plan_only_the_lineage_is_read(spark):
    found = analyze(filters(spark.range(10), 60), plan=False)
    assert (found.columns, found.plan_nodes, found.lineage.plan) == (1, 61, Depth(61))
    assert (found.estimated_bytes, found.joins, found.partitions.count) == (None, None, None)
    assert [one.kind for one in found.warnings] == ["deep_lineage"]


def test_a_plan_too_deep_to_plan_is_not_planned(spark):
    """Its depth and its nodes are known all the same."""
    found = analyze(filters(spark.range(10), MOST_PLANNED + 1))
    assert found.lineage.plan == Depth(MOST_PLANNED + 2)
    assert found.partitions.reason == "the plan is 502 operators deep (limit: 500)"
    assert [one.kind for one in found.warnings] == ["deep_lineage"]


def test_a_plan_that_overflows_the_stack_has_a_warning_of_its_own(spark, monkeypatch):
    """At which depth depends on the JVM's stack and compiler, so a real overflow stands in for the optimizer's."""
    column = sf.col("id")
    for _ in range(5000):
        column = column + 1

    class Overflowing(JvmPlans):
        def execution(self):
            return spark.range(1).select(column)

    monkeypatch.setattr(frames, "JvmPlans", Overflowing)
    found = analyze(filters(spark.range(10), 3))
    assert (found.too_deep_to_plan, found.lineage.plan, found.plan_nodes) == (True, Depth(4), 4)
    assert found.partitions.reason == "it is too deep for Spark's optimizer"
    assert [one.kind for one in found.warnings] == ["too_deep_to_plan"]


def test_a_streaming_dataframe_is_not_planned(spark):
    """Spark refuses to plan it without a sink; its lineage is known all the same."""
    found = analyze(spark.readStream.format("rate").load().filter("value > 1"))
    assert found.lineage.plan == Depth(2)
    assert (found.estimated_bytes, found.partitions.count) == (None, None)
    assert found.partitions.reason.startswith("Spark does not plan it (")


def test_something_else_is_refused():
    with pytest.raises(
        NotAFrameError, match=r"^This is not a DataFrame.\n  got: an object of type builtins.list\n"
    ):
        analyze([1, 2])


def test_the_dataframe_of_a_stopped_session(spark):
    """The last test: it stops the session of this module."""
    frame = spark.range(5)
    spark.stop()
    with pytest.raises(StoppedSessionError, match="no longer runs.\n  got: the session was stopped\n"):
        analyze(frame)
