"""What Spark says of a source, against numpy's answers, on a real Spark."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.representativeness.deviation import QUANTILES
from airflow_spark_guard.job.collection.representativeness.source_figures import cells, source_figures

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark_conf():
    return {"spark.sql.session.timeZone": "America/New_York"}


def figures(df, features, label=None, *, names=None, drop=False, categories=None):
    """The figures of the source by the name of the feature."""
    columns = check_columns(df.schema, features, label, categories)
    wanted = names or [column.name for column in columns.features]
    sources = source_figures(df, columns, cells(columns, wanted), drop=drop)
    return {source.column: source for source in sources}


def test_numbers_are_as_numpy_says(spark):
    """Count, moments, extremes and quantiles of integers, doubles, decimals and booleans, and of the label."""
    df = spark.range(0, 5000, 1, 4).selectExpr(
        "id",
        "sqrt(id) AS `a.root`",
        "CAST(id * 0.25 AS DECIMAL(12, 2)) AS price",
        "id % 3 = 0 AS third",
        "CAST(id * 2 AS INT) AS target",
    )
    found = figures(df, ["id", "a.root", "price", "third"], "target")
    frame = df.toPandas().astype("float64")
    assert list(found) == list(frame.columns)
    for name, source in found.items():
        values = frame[name].to_numpy()
        assert (source.rows, source.filled) == (5000, 5000)
        assert source.mean == pytest.approx(values.mean())
        assert source.sd == pytest.approx(values.std())
        assert (source.low, source.high) == (values.min(), values.max())
        np.testing.assert_array_equal(source.quantiles, np.quantile(values, QUANTILES, method="inverted_cdf"))


def test_dates_and_timestamps_are_days_and_seconds(spark):
    """As they are collected: days and seconds since 1970; a timestamp without zone by its own clock."""
    moment = dt.datetime(2013, 7, 1, 12, 30, 15)  # noqa: DTZ001 - what a timestamp_ntz is
    df = spark.createDataFrame(
        [(moment.date(), moment, moment)], "day date, at timestamp, clock timestamp_ntz"
    )
    found = figures(df.selectExpr("day", "CAST(clock AS TIMESTAMP) AS at", "clock"), ["day", "at", "clock"])
    seconds = (moment - dt.datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - the same
    assert found["day"].mean == seconds // 86400
    assert found["clock"].mean == seconds
    assert found["at"].mean == seconds + 4 * 3600


def test_nulls_and_nan_are_no_values(spark):
    """Both are counted out of ``filled``; a column of nothing else has no figures."""
    rows = [(1.0, None, None), (math.nan, "b", None), (None, "b", None), (3.0, "a", None)]
    df = spark.createDataFrame(rows, "x double, t string, nothing float")
    found = figures(df, ["x", "t", "nothing"])
    assert (found["x"].rows, found["x"].filled, found["x"].mean, found["x"].high) == (4, 2, 2.0, 3.0)
    assert (found["t"].filled, found["t"].counts) == (3, {"b": 2, "a": 1})
    assert (found["nothing"].filled, found["nothing"].quantiles) == (0, ())


def test_dropped_rows_are_no_part_of_the_source(spark):
    """With drop, a null in any column, or in the label, takes the row out of every figure."""
    rows = [(1.0, "a", 0), (None, "b", 0), (3.0, None, 1), (4.0, "d", None), (5.0, "a", 1)]
    found = figures(spark.createDataFrame(rows, "x double, t string, y int"), ["x", "t"], "y", drop=True)
    assert {source.rows for source in found.values()} == {2}
    assert (found["x"].mean, found["t"].counts, found["y"].mean) == (3.0, {"a": 2}, 0.5)


def test_texts_are_the_twenty_most_frequent(spark):
    """Of 30 texts the 20 with the most rows, for two columns in one pass; equal counts by the alphabet."""
    rows = [(f"t{i:02}", "same" if i % 2 else "'; DROP") for i in range(30) for _ in range(1 + i % 10)]
    found = figures(spark.createDataFrame(rows, "many string, two string"), ["many", "two"])
    counts = list(found["many"].counts.items())
    assert len(counts) == 20
    assert counts[:4] == [("t09", 10), ("t19", 10), ("t29", 10), ("t08", 9)]
    assert min(count for _, count in counts) == 4
    assert set(found["two"].counts) == {"same", "'; DROP"}


def test_texts_outside_given_categories_are_nulls(spark):
    """Where the categories are given, another text is no value."""
    df = spark.createDataFrame([("a",), ("b",), ("c",), (None,)], "t string")
    found = figures(df, ["t"], categories={"t": ["a", "b"]})
    assert (found["t"].rows, found["t"].filled, found["t"].counts) == (4, 2, {"a": 1, "b": 1})


def test_elements_of_arrays_and_vectors_are_looked_at_one_by_one(spark):
    """Dense and sparse vectors, arrays with holes, whole nulls: each element has its own figures."""
    from pyspark.ml.linalg import Vectors, VectorUDT
    from pyspark.sql.types import ArrayType, FloatType, LongType, StructField, StructType

    rows = [
        (Vectors.dense([1.0, 2.0, 3.0]), [1.0, math.nan], 1),
        (Vectors.sparse(3, [0, 2], [3.0, 5.0]), [3.0, None], 2),
        (Vectors.sparse(3, [], []), None, 3),
        (None, [5.0, 7.0], 4),
    ]
    fields = [
        StructField("v", VectorUDT()),
        StructField("a", ArrayType(FloatType())),
        StructField("n", LongType()),
    ]
    names = ["v_0", "v_1", "v_2", "a_0", "a_1", "n"]
    found = figures(spark.createDataFrame(rows, StructType(fields)), ["v", "a", "n"], names=names)
    assert [found[name].filled for name in names] == [3, 3, 3, 3, 1, 4]
    means = [found[name].mean for name in names]
    assert means == pytest.approx([4 / 3, 2 / 3, 8 / 3, 3.0, 7.0, 2.5])


def test_the_first_fifty_features_are_looked_at(spark):
    """Of 80 elements and one number, 50 elements, and the label still."""
    df = spark.range(10).selectExpr("transform(sequence(1, 80), i -> i * id) AS a", "id AS n", "id AS y")
    found = figures(df, ["a", "n"], "y", names=[*(f"a_{i}" for i in range(80)), "n"])
    assert list(found) == [*(f"a_{i}" for i in range(50)), "y"]
    assert found["a_49"].high == 450.0


def test_features_of_other_columns_are_refused(spark):
    """A sample with more features than the columns become was collected from others."""
    df = spark.range(1).selectExpr("id AS a", "id AS b")
    with pytest.raises(SampleError) as told:
        figures(df, ["a", "b"], names=["a", "b", "c"])
    assert str(told.value) == (
        "The sample is not one of these columns.\n"
        "  got: 3 features\n"
        "  expected: 2, from a, b\n"
        "  do: Compare a sample with the columns that it was collected from."
    )
