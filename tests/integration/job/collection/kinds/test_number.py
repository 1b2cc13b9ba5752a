"""Numbers, dates and timestamps in Spark, against Python's own clock and arithmetic."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import types as t

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.projection import project


@pytest.mark.spark
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
        columns = check_columns(frame.schema, ["at", "clock", "day"])
        found = project(frame, columns, "float64").toArrow()["numbers"].to_pylist()
    finally:
        spark.conf.unset("spark.sql.session.timeZone")
    assert found[3] == [None, None, None]
    for (seconds, clock_seconds, days), instant in zip(found, instants, strict=False):
        assert seconds == pytest.approx(instant.timestamp(), abs=1e-6)
        assert clock_seconds == pytest.approx(instant.timestamp(), abs=1e-6)
        assert days == (instant.date() - dt.date(1970, 1, 1)).days


@pytest.mark.spark
def test_a_clock_in_a_column_with_a_dot(spark):
    """The expression of a timestamp without a zone quotes its column too."""
    frame = spark.sql("SELECT TIMESTAMP_NTZ'1970-01-02 01:01:01.5' AS `a.b``c`")
    (column,) = check_columns(frame.schema, "a.b`c").features
    np.testing.assert_allclose(frame.selectExpr(*column.parts("double")).first()[0], 86400 + 3600 + 60 + 1.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_number_is_a_column(dtype):
    """Of the dtype; a null is NaN."""
    rows = Number("n", "bigint").reader().rows([pa.array([1, None, 3], pa.int64())], dtype)
    assert rows.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(rows, [[1], [np.nan], [3]])
