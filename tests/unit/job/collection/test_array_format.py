"""What arrays can look like: what passes, and the whole message of what does not."""

from __future__ import annotations

import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.array_format import ArrayFormat
from airflow_spark_guard.job.collection.columns import check_columns

SCHEMA = t.StructType(
    [
        t.StructField("id", t.LongType()),
        t.StructField("text", t.StringType()),
        t.StructField("v", VectorUDT()),
    ]
)


def array_format(features, **named):
    ArrayFormat(**named).check(check_columns(SCHEMA, features))


def test_formats_that_can_be():
    """Every policy and dtype; sparse of one vector."""
    for nulls in ("error", "drop", "nan"):
        for dtype in ("float32", "float64"):
            array_format(["id", "text"], nulls=nulls, dtype=dtype)
    array_format("v", sparse=True)
    array_format("v", sparse=True, nulls="drop")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("nulls", "ignore", "one of: error, drop, nan"),
        ("nulls", None, "one of: error, drop, nan"),
        ("dtype", "int8", "one of: float32, float64, auto"),
        ("sparse", 1, "True or False"),
    ],
)
def test_wrong_formats_are_named(name, value, expected):
    """Unknown words, with those that are known."""
    with pytest.raises(SampleError) as caught:
        array_format("id", **{name: value})
    assert str(caught.value) == (
        f"This {name} cannot be used.\n  got: {value!r}\n  expected: {expected}\n  do: Correct {name}= in the call."
    )


@pytest.mark.parametrize(
    ("features", "got"),
    [(["id", "text"], "id: bigint, text: string"), (["v", "id"], "v: vector, id: bigint")],
)
def test_sparse_takes_one_vector(features, got):
    """Plain columns, or a vector among others, are no sparse matrix."""
    with pytest.raises(SampleError) as caught:
        array_format(features, sparse=True)
    assert str(caught.value) == (
        "sparse=True takes one vector column.\n"
        f"  got: {got}\n"
        "  expected: one ML vector as the only feature\n"
        "  do: Join the columns with pyspark.ml.feature.VectorAssembler, or collect them dense."
    )


def test_sparse_has_no_rows_of_nan():
    """A row of NaN would be a full row."""
    with pytest.raises(SampleError) as caught:
        array_format("v", sparse=True, nulls="nan")
    assert str(caught.value) == (
        "A sparse matrix has no row of NaN.\n"
        "  got: sparse=True and nulls='nan'\n"
        "  expected: nulls='error' or nulls='drop'\n"
        "  do: Drop the rows without a vector, or collect them dense."
    )


def test_bytes_of_a_row():
    """Features and label, of the dtype."""
    with_label, without = check_columns(SCHEMA, "id", "text"), check_columns(SCHEMA, "id")
    assert ArrayFormat("float32").row_bytes(5, with_label) == 24
    assert ArrayFormat("float64").row_bytes(5, without) == 40
