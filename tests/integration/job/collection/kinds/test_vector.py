"""Vectors: what Spark sends of them, and how dense and sparse ones become rows."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.kinds.vector import (
    WIDEST_UNROLLED,
    NotUnrolledError,
    VectorReader,
)
from airflow_spark_guard.job.collection.projection import project

SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)
NAN = math.nan
FLOATS = pa.list_(pa.float32())


def vectors(*rows):
    """A batch of vectors as the general projection sends them: ("dense", values), (size, {index: value})."""
    kinds, sizes, indices, values = [], [], [], []
    for row in rows:
        sparse = row is not None and row[0] != "dense"
        kinds.append(None if row is None else 0 if sparse else 1)
        sizes.append(row[0] if sparse else None)
        indices.append(list(row[1]) if sparse else None)
        values.append(None if row is None else list(row[1].values()) if sparse else row[1])
    return pa.record_batch(
        {
            "type_0": pa.array(kinds, pa.int8()),
            "size_0": pa.array(sizes, pa.int32()),
            "indices_0": pa.array(indices, pa.list_(pa.int32())),
            "values_0": pa.array(values, FLOATS),
        }
    )


ROWS = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.one_of(
            st.none(),
            st.tuples(
                st.just("dense"),
                st.lists(st.sampled_from([0.0, 1.0, -2.5, NAN, math.inf]), min_size=width, max_size=width),
            ),
            st.tuples(
                st.just(width),
                st.dictionaries(st.integers(0, width - 1), st.sampled_from([0.0, 1.5, NAN, -math.inf])).map(
                    lambda stored: dict(sorted(stored.items()))
                ),
            ),
        ),
        min_size=1,
        max_size=12,
    )
)


def dense(row, width):
    if row is None:
        return [NAN] * width
    if row[0] == "dense":
        return row[1]
    return [row[1].get(i, 0.0) for i in range(width)]


def width_of(rows):
    first = next(row for row in rows if row is not None)
    return len(first[1]) if first[0] == "dense" else first[0]


@given(rows=ROWS)
@SETTINGS
def test_vectors_of_all_kinds_become_dense_rows(rows):
    """Dense, sparse and null, mixed; what a sparse one does not store is 0, what it stores may be NaN."""
    if all(row is None for row in rows):
        rows = [*rows, ("dense", [1.0])]
    width = width_of(rows)
    batch, reader = vectors(*rows), VectorReader("v", None)
    reader.learn(batch, 0)
    arrays = reader.arrived(batch, 0)
    expected = np.array([dense(row, width) for row in rows], dtype="float32")
    np.testing.assert_array_equal(reader.rows(arrays, "float32"), expected)
    assert reader.width == width
    assert reader.lengths(arrays).tolist() == [-1 if row is None else width for row in rows]


@given(rows=ROWS)
@SETTINGS
def test_stored_values_are_those_of_the_rows(rows):
    """Each at its place; a dense vector stores its zeros too, and a null one NaN, so that it is not zeros."""
    if all(row is None for row in rows):
        rows = [*rows, ("dense", [1.0])]
    reader = VectorReader("v", width_of(rows))
    counts, indices, values = reader.stored(reader.arrived(vectors(*rows), 0))
    at = 0
    for row, count in zip(rows, counts, strict=True):
        own = dict(zip(indices[at : at + count].tolist(), values[at : at + count].tolist(), strict=True))
        expected = {0: NAN} if row is None else dict(enumerate(row[1])) if row[0] == "dense" else row[1]
        np.testing.assert_equal(own, expected)
        at += count
    assert at == len(values) == len(indices)


def test_vectors_that_do_not_unroll_are_an_error():
    """A vector that is not usual asks for the general projection; else it is a matrix."""
    schema = t.StructType([t.StructField("v", VectorUDT(), metadata={"ml_attr": {"num_attrs": 2}})])
    (column,) = check_columns(schema, "v").features
    reader = column.reader()
    good = pa.record_batch({"dense_0": pa.array([[1, 2], [None, None]], FLOATS), "usual_0": [True, True]})
    np.testing.assert_array_equal(reader.rows(reader.arrived(good, 0), "float32"), [[1, 2], [NAN, NAN]])
    with pytest.raises(NotUnrolledError):
        reader.arrived(
            pa.record_batch({"dense_0": pa.array([[1, 2], [3, None]], FLOATS), "usual_0": [True, False]}), 0
        )


def projected(frame, *, unrolled):
    columns = check_columns(frame.schema, "v")
    return project(frame, columns, "float64", unrolled=unrolled).coalesce(1).toArrow()


@pytest.fixture(scope="module")
def frames(spark):
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


@pytest.mark.spark
def test_vectors_unroll_as_they_promised(frames):
    """Usual ones as values, a null as nulls; sparse ones and others are marked, as they cannot travel so."""
    table = projected(frames(2), unrolled=True)
    assert table.column_names == ["dense_0", "usual_0"]
    assert table["dense_0"].to_pylist()[:2] == [[1, 2], [None, None]]
    assert table["usual_0"].to_pylist() == [True, True, False, False, False]


@pytest.mark.spark
@pytest.mark.parametrize(("width", "unrolled"), [(2, False), (WIDEST_UNROLLED + 1, True)])
def test_other_vectors_travel_as_they_are_stored(frames, width, unrolled):
    """Without the wish, or too wide for generated code."""
    table = projected(frames(width), unrolled=unrolled)
    assert table.column_names == ["type_0", "size_0", "indices_0", "values_0"]
    assert table["type_0"].to_pylist() == [1, None, 0, 1, 1]
    assert table["values_0"].to_pylist() == [[1, 2], None, [5], [1, 2, 3], [1]]
