"""to_spark: what comes out of Spark is what went in, and it went by Arrow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.upload import to_spark

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("dtype", "spark_type"),
    [
        ("float32", "float"),
        ("float64", "double"),
        ("int64", "bigint"),
        ("int8", "tinyint"),
        ("bool", "boolean"),
    ],
)
def test_an_array_keeps_its_type(spark, dtype, spark_type):
    """One dimension becomes the column value of the array's own type."""
    values = np.arange(5).astype(dtype)
    frame = to_spark(spark, values)
    assert frame.dtypes == [("value", spark_type)]
    assert [row.value for row in frame.collect()] == values.tolist()


def test_a_matrix_becomes_arrays_or_columns(spark):
    """Without names one column of arrays; with names one column each, in their order; NaN stays NaN."""
    matrix = np.array([[1, 2, np.nan], [4, 5, 6]], "float32")
    for layout in (matrix, np.asfortranarray(matrix), np.vstack([matrix, matrix])[::-1][:2][::-1]):
        assert to_spark(spark, layout).dtypes == [("features", "array<float>")]
        got = np.array([row.features for row in to_spark(spark, layout).collect()])
        np.testing.assert_array_equal(got, layout)
    named = to_spark(spark, matrix, ["a", "b", "c.d"])
    assert named.dtypes == [("a", "float"), ("b", "float"), ("c.d", "float")]
    np.testing.assert_array_equal(np.array(named.collect()), matrix)


def test_pandas_and_arrow_keep_names_and_types(spark):
    """Texts, dates, lists and missing values come as in the source; missing ones are null."""
    frame = pd.DataFrame(
        {
            "text": ["a", None],
            "number": [1.5, np.nan],
            "day": pd.to_datetime(["2013-01-01", "2013-01-02"]).date,
            "list": [[1, 2], [3]],
        }
    )
    for data in (frame, pa.Table.from_pandas(frame)):
        got = to_spark(spark, data)
        assert got.dtypes == [
            ("text", "string"),
            ("number", "double"),
            ("day", "date"),
            ("list", "array<bigint>"),
        ]
        assert [row.number for row in got.collect()] == [1.5, None]
        assert [row.text for row in got.collect()] == ["a", None]
    assert to_spark(spark, frame, list("wxyz")).columns == list("wxyz")


def test_a_sample_becomes_its_features_and_label(spark):
    """The names are those of the features, and label; without y there is no label."""
    x, y = np.arange(6, dtype="float32").reshape(3, 2), np.array([7, 8, 9], "float32")
    frame = to_spark(spark, SimpleNamespace(X=x, y=y, feature_names=("a", "b")))
    assert frame.dtypes == [("a", "float"), ("b", "float"), ("label", "float")]
    np.testing.assert_array_equal(np.array(frame.collect()), np.column_stack([x, y]))
    assert to_spark(spark, SimpleNamespace(X=x, y=None, feature_names=("a", "b"))).columns == ["a", "b"]


def test_no_rows_keep_their_types(spark):
    """An empty array has its column, and no rows."""
    frame = to_spark(spark, np.empty((0, 2), "float32"), ["a", "b"])
    assert frame.dtypes == [("a", "float"), ("b", "float")]
    assert frame.collect() == []


def test_it_goes_by_arrow_whatever_the_session_says(spark):
    """With Arrow off and fallback on the data still go by Arrow, and the settings stay."""
    keys = ("spark.sql.execution.arrow.pyspark.enabled", "spark.sql.execution.arrow.pyspark.fallback.enabled")
    before = [spark.conf.get(key) for key in keys]
    spark.conf.set(keys[0], "false")
    try:
        frame = to_spark(spark, pd.DataFrame({"a": np.arange(30_000)}))
        plan = frame._jdf.queryExecution().executedPlan().toString()
        assert "ExistingRDD" not in plan or "arrow" in plan.lower() or "LocalTableScan" in plan
        assert frame.agg({"a": "sum"}).collect()[0][0] == 30_000 * 29_999 // 2
        assert spark.conf.get(keys[0]) == "false"
    finally:
        spark.conf.set(keys[0], before[0])
    assert [spark.conf.get(key) for key in keys] == before


REFUSED = [
    (np.zeros((2, 2, 2)), None, "no rows and columns"),
    (np.zeros(()), None, "no rows and columns"),
    (np.zeros(2, complex), None, "no complex numbers"),
    (np.zeros((3, 0)), None, "The data have no columns"),
    (pd.DataFrame(index=[1, 2]), None, "The data have no columns"),
    (pa.table({}), None, "The data have no columns"),
    (np.zeros((3, 2)), ["a"], "not one name for each column"),
    (np.zeros((3, 2)), "ab", "not one name for each column"),
    (pd.DataFrame({"a": [1]}), ["a", "b"], "not one name for each column"),
    (np.zeros((3, 2)), ["a", "A"], "Several columns have the same name"),
    (pd.DataFrame({"ok": [1, 2], "mixed": [1, "x"]}), None, "values of column 'mixed' have no one type"),
    (pd.DataFrame({"z": [1j, 2j]}), None, "values of column 'z' have no one type"),
    ([1, 2], None, "This cannot become a DataFrame"),
    (pa.table({"u": pa.nulls(1, pa.float16())}), None, "no type for a column"),
]


@pytest.mark.parametrize(("data", "columns", "message"), REFUSED)
def test_refused_with_the_column_and_what_to_do(spark, data, columns, message):
    """What has no place in Spark is said before anything is sent."""
    with pytest.raises(SampleError, match=message) as caught:
        to_spark(spark, data, columns)
    assert caught.value.advice
