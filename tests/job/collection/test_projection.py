"""What Spark computes of a row before it travels, against Python's own clock and arithmetic."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from pyspark.sql import types as t

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.projection import WIDEST_UNROLLED, is_set, number, project, quoted

pytestmark = pytest.mark.spark


def projected(frame, features, label=None, dtype="float64", *, unrolled=False):
    columns = check_columns(frame.schema, features, label)
    return project(frame, columns, dtype, unrolled=unrolled).coalesce(1).toArrow()


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_days_and_seconds_do_not_depend_on_the_zone_of_the_session(spark, zone):
    """A timestamp is an instant, one without a zone has a clock of its own; also before 1970 and with microseconds."""
    instants = [
        dt.datetime(1969, 12, 31, 23, 59, 59, 250_000, tzinfo=dt.UTC),
        dt.datetime(2013, 3, 10, 7, 30, 0, 1, tzinfo=dt.UTC),
        dt.datetime(1900, 1, 1, tzinfo=dt.UTC),
    ]
    clocks = [instant.replace(tzinfo=None) for instant in instants]
    schema = t.StructType(
        [
            t.StructField("at", t.TimestampType()),
            t.StructField("clock", t.TimestampNTZType()),
            t.StructField("day", t.DateType()),
        ]
    )
    rows = [(instant, clock, clock.date()) for instant, clock in zip(instants, clocks, strict=True)]
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        frame = spark.createDataFrame([*rows, (None, None, None)], schema).coalesce(1)
        found = projected(frame, ["at", "clock", "day"])["numbers"].to_pylist()
    finally:
        spark.conf.unset("spark.sql.session.timeZone")
    assert found[3] == [None, None, None]
    for (seconds, clock_seconds, days), instant in zip(found, instants, strict=False):
        assert seconds == pytest.approx(instant.timestamp(), abs=1e-6)
        assert clock_seconds == pytest.approx(instant.timestamp(), abs=1e-6)
        assert days == (instant.date() - dt.date(1970, 1, 1)).days


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


@pytest.fixture(scope="module")
def vectors(spark):
    """Dense, null, sparse, too long and too short vectors whose metadata promise two values."""
    from pyspark.ml.linalg import Vectors, VectorUDT

    def frame(width):
        field = t.StructField("v", VectorUDT(), metadata={"ml_attr": {"num_attrs": width}})
        rows = [
            Vectors.dense([1, 2]),
            None,
            Vectors.sparse(2, [1], [5.0]),
            Vectors.dense([1, 2, 3]),
            Vectors.dense([1]),
        ]
        return spark.createDataFrame([(row,) for row in rows], t.StructType([field])).coalesce(1)

    return frame


def test_vectors_unroll_as_they_promised(vectors):
    """Usual ones as values, a null as nulls; sparse ones and others are marked, as they cannot travel so."""
    table = projected(vectors(2), "v", unrolled=True)
    assert table.column_names == ["dense_0", "usual_0"]
    assert table["dense_0"].to_pylist()[:2] == [[1, 2], [None, None]]
    assert table["usual_0"].to_pylist() == [True, True, False, False, False]


@pytest.mark.parametrize(("width", "unrolled"), [(2, False), (WIDEST_UNROLLED + 1, True)])
def test_other_vectors_travel_as_they_are_stored(vectors, width, unrolled):
    """Without the wish, or too wide for generated code."""
    table = projected(vectors(width), "v", unrolled=unrolled)
    assert table.column_names == ["type_0", "size_0", "indices_0", "values_0"]
    assert table["type_0"].to_pylist() == [1, None, 0, 1, 1]
    assert table["values_0"].to_pylist() == [[1, 2], None, [5], [1, 2, 3], [1]]


def test_a_row_is_set_where_it_has_a_value(spark):
    """Neither null nor NaN, and among the categories where they are given."""
    frame = spark.createDataFrame(
        [(1.0, 1, "x"), (float("nan"), 2, "y"), (None, None, None)], "a double, `b.c` int, s string"
    ).coalesce(1)
    columns = check_columns(frame.schema, ["a", "b.c", "s"])
    told = check_columns(frame.schema, "s", None, {"s": ["x"]})
    found = frame.select(*(is_set(column) for column in (*columns.features, *told.features))).collect()
    assert [tuple(bool(value) for value in row) for row in found] == [
        (True, True, True, True),
        (False, True, True, False),
        (False, False, False, False),
    ]


def test_names_are_quoted():
    """A dot is part of a name, and so is a backtick."""
    assert quoted("a.b`c") == "`a.b``c`"


def test_a_clock_in_a_column_with_a_dot(spark):
    """The expression of a timestamp without a zone quotes its column too."""
    frame = spark.sql("SELECT TIMESTAMP_NTZ'1970-01-02 01:01:01.5' AS `a.b``c`")
    (column,) = check_columns(frame.schema, "a.b`c").features
    np.testing.assert_allclose(frame.select(number(column)).first()[0], 86400 + 3600 + 60 + 1.5)
