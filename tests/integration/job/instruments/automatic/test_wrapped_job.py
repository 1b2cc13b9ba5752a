"""``instrument()`` on a real Spark: an unchanged job is measured, its lineage is cut, and PySpark is put back."""

from __future__ import annotations

import operator
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.job.instruments.automatic.wrapped_job import instrument
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of
from airflow_spark_guard.job.instruments.thresholds import Thresholds

pytestmark = pytest.mark.spark

MIB = 1 << 20


class Scorer:
    def __init__(self):
        self.model = bytes(3 * MIB)
        self.bias = 1

    def run(self, rdd):
        def score(rows):
            return (row.id + len(self.model) for row in rows)

        return rdd.mapPartitions(score).reduce(operator.add)


@pytest.fixture
def instrumented(spark):
    def start(verbosity=1, **thresholds):
        made = instrument(spark, verbosity=verbosity, thresholds=Thresholds(**thresholds))
        started.append(made)
        return made

    started = []
    yield start
    for made in started:
        made.undo()


def rows_of(made, what):
    return made.instruments.metrics.to_dict()[what]


def test_a_large_function_is_named_with_what_it_captures(spark, instrumented, capfd):
    made = instrumented()
    frame = spark.range(4)
    assert Scorer().run(frame.rdd) == 6 + 4 * 3 * MIB
    (row,) = [row for row in rows_of(made, "closures") if row["name"] == "score"]
    assert row["bytes"] == pytest.approx(3 * MIB, rel=0.01)
    assert row["captured"][0]["path"] == "self.model"
    assert row["line"].startswith(f"{Path(__file__).name}:")
    assert "captures `self.model` (3.0 MiB)" in row["warning"]
    assert capfd.readouterr().err.count("captures `self.model`") == 1


def test_udfs_of_every_kind_are_measured(spark, instrumented):
    from pyspark.sql import functions as sf

    made = instrumented()
    plus, frame = sf.udf(lambda value: value + 1, "long"), spark.range(6)
    frame.select(plus("id").alias("plus")).collect()
    frame.mapInPandas(lambda batches: batches, "id long").collect()
    frame.groupBy((sf.col("id") % 2).alias("k")).applyInPandas(
        lambda group: group[["id"]], "id long"
    ).collect()
    assert [row["name"] for row in rows_of(made, "closures")].count("<lambda>") == 3


def test_a_large_broadcast(spark, instrumented):
    made = instrumented(broadcast=MIB)
    kept = spark.sparkContext.broadcast(bytes(2 * MIB))
    (row,) = rows_of(made, "broadcasts")
    assert row["bytes"] == pytest.approx(2 * MIB, rel=0.01)
    assert "(limit: 1.0 MiB)" in row["warning"]
    assert len(kept.value) == 2 * MIB


def test_a_deep_lineage_is_cut_and_the_rows_are_the_same(spark, instrumented):
    from pyspark.sql import functions as sf

    def build():
        frame = spark.range(50)
        for step in range(40):
            frame = frame.withColumn("value", sf.col("id") + step).filter(sf.col("value") >= step)
        return frame

    plain = build()
    made = instrumented()
    frame = build()
    assert lineage_of(plain).deepest.value > 80
    assert lineage_of(frame).deepest.value <= 31
    (row,) = rows_of(made, "checkpoints")
    assert (row["depth_before"], row["how"]) == (32, "local")
    assert frame.orderBy("id").collect() == plain.orderBy("id").collect()


def test_a_branch_from_before_a_checkpoint_can_still_be_computed(spark, instrumented):
    """Rows of an earlier checkpoint may be needed by another DataFrame: none is given back by us."""
    from pyspark.sql import functions as sf

    instrumented(checkpoint=5, lineage=50)
    base = spark.range(10)
    for step in range(8):
        base = base.withColumn("value", sf.col("id") + step)
    left, right = base, base
    for step in range(8):
        left = left.withColumn("value", sf.col("value") + step)
    for step in range(8):
        right = right.withColumn("value", sf.col("value") * 1 + step)
    assert left.count() == right.count() == base.count() == 10


def test_a_view_in_a_loop_is_followed(spark, instrumented):
    made = instrumented()
    frame = spark.range(5)
    for step in range(40):
        frame.createOrReplaceTempView("numbers")
        frame = spark.sql(f"select id + {step} as id from numbers where id >= 0")  # noqa: S608
    assert rows_of(made, "checkpoints")
    assert lineage_of(frame).deepest.value <= 34
    assert frame.count() == 5


def test_a_failure_stays_where_the_script_has_it(spark, instrumented):
    """Rows that cannot be computed fail at the script's own action, not where a lineage is cut."""
    from pyspark.errors import PythonException
    from pyspark.sql import functions as sf

    instrumented()
    broken = sf.udf(lambda value: 1 // (value - value), "long")
    frame = spark.range(3).withColumn("broken", broken("id"))
    for step in range(35):
        frame = frame.withColumn("value", sf.col("broken") + step)
    with pytest.raises(PythonException, match="ZeroDivisionError"):
        frame.collect()


def test_a_stream_is_left_alone(spark, instrumented):
    from pyspark.sql import functions as sf

    made = instrumented()
    stream = spark.readStream.format("rate").load()
    for step in range(40):
        stream = stream.withColumn("value", sf.col("value") + step)
    assert stream.isStreaming
    assert rows_of(made, "checkpoints") == []


def test_stages_have_the_line_that_caused_them(spark, instrumented):
    made = instrumented(verbosity=2)
    line = sys._getframe().f_lineno + 1
    spark.range(100).repartition(3).count()
    spark.range(100).collect()
    made.undo()
    lines = {row["line"] for row in rows_of(made, "stages")}
    assert {f"{Path(__file__).name}:{line}", f"{Path(__file__).name}:{line + 1}"} <= lines
    assert all("spark_guard" not in row["name"] for row in rows_of(made, "stages"))


def test_errors_of_spark_name_the_users_line(spark, instrumented):
    """PySpark finds the calling line by the frames above its own; ours count as its own."""
    from pyspark.errors import AnalysisException

    instrumented()
    with pytest.raises(AnalysisException) as raised:
        spark.range(3).select("no_such_column")
    assert "airflow_spark_guard" not in str(raised.value)


def test_afterwards_pyspark_is_as_before(spark, instrumented):
    from pyspark.core import rdd
    from pyspark.core.context import SparkContext
    from pyspark.sql.classic.dataframe import DataFrame

    def functions():
        return (
            rdd._prepare_for_python_RDD,
            SparkContext.broadcast,
            SparkContext.stop,
            *(vars(DataFrame).get(name) for name in dir(DataFrame)),
        )

    before = functions()
    made = instrumented(verbosity=3)
    assert functions() != before
    made.undo()
    assert functions() == before


def test_silent_wraps_nothing(spark, instrumented):
    from pyspark.sql.classic.dataframe import DataFrame

    before = DataFrame.count
    instrumented(verbosity=0)
    assert DataFrame.count is before
