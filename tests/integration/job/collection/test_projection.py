"""What Spark computes of a row before it travels: which columns, named how."""

from __future__ import annotations

from decimal import Decimal

import pytest

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.projection import project

pytestmark = pytest.mark.spark


def projected(frame, features, label=None, dtype="float64", *, unrolled=False):
    columns = check_columns(frame.schema, features, label)
    return project(frame, columns, dtype, unrolled=unrolled).coalesce(1).toArrow()


def test_numbers_travel_as_one_array_of_the_type_asked_for(spark):
    """Booleans as 0 and 1, decimals by value, nulls inside the array; the label beside it."""
    frame = spark.createDataFrame(
        [(1, True, Decimal("2.5"), 7), (None, False, None, None)], "a int, b boolean, c decimal(9,2), y long"
    )
    for dtype, element in (("float32", "float"), ("float64", "double")):
        table = projected(frame, ["a", "b", "c"], "y", dtype)
        assert table.column_names == ["numbers", "label"]
        assert str(table.schema.field("numbers").type.value_type) == element
        assert sorted(table["numbers"].to_pylist(), key=str) == [[1.0, 1.0, 2.5], [None, 0.0, None]]
        assert sorted(table["label"].to_pylist(), key=str) == [7.0, None]


def test_each_kind_travels_in_columns_of_its_own(spark):
    """Named by position, so that the source's names do not matter."""
    from pyspark.ml.linalg import Vectors

    frame = spark.createDataFrame(
        [(1, "x", [1, 2], Vectors.dense([3.0]), "y")], ["a", "b", "c", "d", "label"]
    )
    table = projected(frame, ["b", "a", "c", "d"], "label")
    names = ["numbers", "text_0", "array_2", "type_3", "size_3", "indices_3", "values_3", "label"]
    assert table.column_names == names
    row = {name: values[0] for name, values in table.to_pydict().items()}
    assert row == {
        "numbers": [1.0],
        "text_0": "x",
        "array_2": [1.0, 2.0],
        "type_3": 1,
        "size_3": None,
        "indices_3": None,
        "values_3": [3.0],
        "label": "y",
    }
