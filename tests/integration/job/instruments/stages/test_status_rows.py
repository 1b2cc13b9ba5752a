"""Stages of a real application: what they cost, and which line caused them."""

from __future__ import annotations

import os
import sys
import time

import pytest

from airflow_spark_guard.job.instruments.stages.call_sites import called_from
from airflow_spark_guard.job.instruments.stages.reader import StageReader
from airflow_spark_guard.job.instruments.stages.stage_warnings import warnings_of
from tests.support.local_cluster import local_cluster

pytestmark = pytest.mark.spark
# A sort writes to disk after so many rows, not only when memory is short.
CONF = {"spark.shuffle.spill.numElementsForceSpillThreshold": "5000"}


@pytest.fixture(scope="module")
def spark():
    with local_cluster(**CONF) as session:
        yield session


@pytest.fixture
def reader(spark):
    made = StageReader.of(spark.sparkContext, shortest=0.0)
    yield made
    made.close()
    assert made.missed == 0


def test_a_skewed_stage_is_named_with_its_line_and_its_task(spark, reader):
    """PySpark knows the line of an RDD's action itself."""

    def slow_third(rows):
        from pyspark import TaskContext

        if TaskContext.get().partitionId() == 2:
            time.sleep(4)
        return rows

    rdd = spark.sparkContext.parallelize(range(12), 6)
    rdd.count()  # Python workers start
    reader.read_rest()
    line = sys._getframe().f_lineno + 1
    rdd.mapPartitions(slow_third).count()
    (figures,) = reader.read_rest(20)
    assert (figures.tasks, figures.line) == (6, f"test_status_rows.py:{line}")
    assert figures.run_time.task == 2
    assert figures.run_time.largest > 4 > figures.run_time.upper
    kinds = {one.kind: one for one in warnings_of(figures, skew_seconds=2.0)}
    assert kinds["skew"].line == f"test_status_rows.py:{line}"


def test_a_dataframes_stages_have_the_line_that_was_set(spark, reader):
    """Also those that adaptive execution plans on threads of its own; a spill and skewed keys are seen."""
    rows = spark.range(0, 60_000, 1, 3).selectExpr("if(id < 55000, 1, id) AS k", "hash(id) AS s")
    with called_from(spark.sparkContext, "save", "job.py:14"):
        rows.repartition(8, "k").sortWithinPartitions("s").write.format("noop").mode("overwrite").save()
    spark.range(5).count()
    first, second, *others = reader.read_rest(20)
    assert (first.line, second.line) == ("job.py:14", "job.py:14")
    assert {one.line for one in others} == {""}
    assert first.shuffle_write == second.shuffle_read > 0
    assert second.disk_spilled > 0
    assert second.memory_spilled > 0
    assert second.shuffle.ratio > 2
    assert second.result_bytes > 0
    found = {one.kind: one.text for one in warnings_of(second, spill_bytes=0, skew_ratio=2, skew_bytes=0)}
    assert found["spill"].startswith(f"Stage {second.stage} (`save` at job.py:14) wrote ")
    assert "few keys have most rows" in found["shuffle skew"]


def test_sizes_of_tasks_and_of_what_they_share(spark, reader):
    """From the log, each with its stage."""
    context = spark.sparkContext
    data, held = os.urandom(3_000_000), os.urandom(1_040_000)
    context.parallelize([data, data], 2).count()
    context.parallelize(range(2), 2).map(lambda x: len(held) + x).count()
    context.parallelize(range(2), 2).count()
    tasks, binary, neither = reader.read_rest(20)
    assert 3_000_000 <= tasks.task_bytes < 3_100_000
    assert 1_040_000 <= binary.binary_bytes < 1_100_000
    assert (tasks.binary_bytes, binary.task_bytes) == (None, None)
    assert (neither.task_bytes, neither.binary_bytes) == (None, None)
    assert [one.kind for one in warnings_of(tasks)] == ["task"]
    assert [one.kind for one in warnings_of(binary)] == ["binary"]


def test_a_failed_stage_is_read_as_well(spark, reader):
    """With its tasks."""
    from pyspark.errors import PythonException

    with pytest.raises(PythonException, match="ZeroDivisionError"):
        spark.sparkContext.parallelize([1], 1).map(lambda x: x / 0).count()
    (figures,) = reader.read_rest(20)
    assert (figures.is_complete, figures.tasks, figures.failed_tasks) == (False, 0, 4)


def test_reading_nothing_new_is_cheap(spark, reader):
    """A few calls of Py4J; the bound leaves room for a busy machine."""
    reader.read_rest(20)
    begin = time.perf_counter()
    for _ in range(20):
        assert reader.read_new() == ()
    assert (time.perf_counter() - begin) / 20 < 0.1


def test_a_closed_reader_leaves_nothing_in_the_log(spark):
    """The root logger is as it was."""
    jvm = spark.sparkContext._jvm
    log = jvm.org.apache.logging.log4j.LogManager

    def writers():
        return set(log.getContext(False).getConfiguration().getRootLogger().getAppenders())  # noqa: FBT003

    before = writers()
    reader = StageReader.of(spark.sparkContext)
    (added,) = writers() - before
    assert added.startswith("spark-guard-sizes-")
    reader.close()
    assert writers() == before


def test_after_the_context_has_stopped_nothing_is_raised():
    """Last in this file: there is one application at a time."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    reader = StageReader.of(session.sparkContext)
    session.stop()
    assert (reader.read_new(), reader.read_rest(0.1)) == ((), ())
    reader.close()
    stopped = StageReader.of(session.sparkContext)
    assert (stopped.read_new(), stopped.has_figures) == ((), False)
