"""The passes over a source, one by one, on a real Spark."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.array_format import ArrayFormat
from airflow_spark_guard.job.collection.budget import Budget
from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.draw import Draw
from airflow_spark_guard.job.collection.passes import Passes
from airflow_spark_guard.job.collection.reading import RowBudget, TooManyRowsError

pytestmark = pytest.mark.spark

FREE = Budget(None, "", asked=False)
ROWS = RowBudget(1000, 1000)


def passes(frame, features, label=None, nulls="error"):
    columns = check_columns(frame.schema, features, label)
    return Passes(frame, columns, ArrayFormat("float32", nulls), FREE)


@pytest.fixture(scope="module")
def source(spark):
    """1,000 rows: a number with NaN and nulls, a text, arrays with nulls first, weights."""
    return spark.range(0, 1000, 1, 2).selectExpr(
        "id",
        "IF(id % 10 = 3, NULL, IF(id % 10 = 4, DOUBLE('NaN'), 1D)) AS x",
        "CONCAT('t', id % 2) AS s",
        "IF(id < 600, NULL, array(id, id, id)) AS many",
        "CAST(id % 4 AS DECIMAL(9, 2)) AS w",
    )


def test_rows_are_counted(source):
    """And the pass is noted."""
    made = passes(source, "id")
    assert made.count() == 1000
    assert made.made == ["count"]


def test_spark_believes_something_of_the_columns_alone(source):
    """A figure that grows with the columns."""
    one, two = (passes(source, names).believed_bytes() for names in (["id"], ["id", "many"]))
    assert 0 < one < two


def test_strata_are_those_that_may_be_drawn(source):
    """All rows; with nulls="drop" those whose features are neither null nor NaN."""
    found = passes(source, "x").strata("s")
    assert (found.counts, found.total, found.unusable) == ({"t0": 500, "t1": 500}, 1000, ())
    found = passes(source, "x", nulls="drop").strata("s")
    assert (found.counts, found.total) == ({"t0": 400, "t1": 400}, 1000)
    found = passes(source.where("s = 't0' OR id > 600"), "many", nulls="drop").strata("s")
    assert (found.counts, found.total) == ({"t0": 200, "t1": 200}, 700)


def test_weights_complete_the_draw(source):
    """Rows with a weight, and how many of them make one unit of it; a draw by weight reads these alone."""
    made = passes(source, "id")
    assert made.weigh("w") == (1000, 750, pytest.approx(math.log(750 / 1500)))
    draw = Draw(1, ("id",), "w", math.log(750 / 1500), row=("id",))
    reading = made.read(ROWS, draw, draw.below(1.0))
    assert len(reading) == 750
    assert sorted(set(reading.beside("weight"))) == [1, 2, 3]
    assert made.made == ["weights", "rows"]


def test_a_source_without_weight_has_no_usable_row(source):
    """Nothing is divided by its sum of 0."""
    assert passes(source.selectExpr("id", "0 AS w"), "id").weigh("w") == (1000, 0, 0.0)


def test_wrong_weights_are_refused(source):
    """Counted, with the column."""
    with pytest.raises(
        SampleError, match="^Column 'x' has values that are not weights.\n  got: 200 of 1000 rows\n"
    ):
        passes(source, "id").weigh("x")


def test_the_width_is_that_of_the_first_row_that_has_one(source, spark):
    """Nulls before it do not matter; without any it is unknown."""
    made = passes(source, ["id", "many"])
    assert made.width() == 4
    assert made.made == ["probe"]
    assert passes(source.where("id < 600"), "many").width() is None
    assert passes(spark.range(0).selectExpr("array(id) AS many"), "many").width() is None


def test_all_rows_are_read_in_the_order_of_the_plan(source):
    """Without a condition."""
    made = passes(source, "id", "w")
    reading = made.read(ROWS)
    x, y = reading.take(reading.plan_order())
    np.testing.assert_array_equal(x.ravel(), np.arange(1000))
    np.testing.assert_array_equal(y, np.arange(1000) % 4)


def test_a_condition_brings_numbers_and_strata(source):
    """Beside the features of the rows that meet it."""
    made, draw = passes(source, "id"), Draw(1, ("id",), row=("id",), stratum="s")
    numbers = {number: i for i, number in enumerate(made.strata("s").hashes)}
    reading = made.read(ROWS, draw, draw.below(0.3))
    codes = reading.stratum_codes(numbers)
    assert len(reading) == len(reading.beside("priority")) == len(codes)
    np.testing.assert_array_equal(codes, reading.take(None)[0].ravel() % 2)
    assert 200 < len(reading) < 400


def test_too_many_rows_stop_the_pass_and_its_job(source, spark):
    """The error passes, and nothing runs on."""
    with pytest.raises(TooManyRowsError):
        passes(source, "id").read(RowBudget(100, 100, 100))
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    assert not list(spark.sparkContext.statusTracker().getActiveJobsIds())


@pytest.mark.parametrize("last", ["sparse", "dense"])
def test_a_vector_that_breaks_its_promise_is_read_the_general_way(spark, last):
    """One sparse vector among dense ones of known width costs a second reading, not the sample."""
    from pyspark.ml.linalg import Vectors, VectorUDT

    field = t.StructField("v", VectorUDT(), metadata={"ml_attr": {"num_attrs": 2}})
    rows = [(Vectors.dense([i, 1]),) for i in range(50)]
    rows.append((Vectors.sparse(2, [0], [50.0]) if last == "sparse" else Vectors.dense([50, 0]),))
    made = passes(spark.createDataFrame(rows, t.StructType([field])), "v")
    reading = made.read(ROWS)
    x, _ = reading.take(reading.plan_order())
    np.testing.assert_array_equal(x, [*([i, 1] for i in range(50)), [50, 0]])
    assert made.made == ["rows"]
