"""Rows of features that grow batch by batch: dense against the batches, sparse against scipy."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t
from scipy.sparse import csr_array

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.columns import check_columns
from airflow_spark_guard.job.collection.features import DenseFeatures, SparseFeatures
from airflow_spark_guard.job.collection.invalid_values import InvalidValues
from airflow_spark_guard.job.collection.layout import Layout

SETTINGS = settings(derandomize=True)
NAN, INF = math.nan, math.inf
VECTOR = check_columns(t.StructType([t.StructField("v", VectorUDT())]), "v")
TWO = check_columns(
    t.StructType([t.StructField("a", t.LongType()), t.StructField("b", t.ArrayType(t.FloatType()))]),
    ["a", "b"],
)


def vectors(rows):
    """A batch of vectors: None, a list (dense), or a dict of what a sparse one stores, of the size ``"n"``."""
    sparse = [isinstance(row, dict) for row in rows]
    stored = [
        {i: value for i, value in row.items() if i != "n"} if isinstance(row, dict) else row for row in rows
    ]
    return pa.record_batch(
        {
            "type_0": pa.array(
                [
                    None if row is None else 0 if is_sparse else 1
                    for row, is_sparse in zip(rows, sparse, strict=True)
                ],
                pa.int8(),
            ),
            "size_0": pa.array([row["n"] if isinstance(row, dict) else None for row in rows], pa.int32()),
            "indices_0": pa.array(
                [list(row) if isinstance(row, dict) else None for row in stored], pa.list_(pa.int32())
            ),
            "values_0": pa.array(
                [list(row.values()) if isinstance(row, dict) else row for row in stored],
                pa.list_(pa.float32()),
            ),
        }
    )


def sparse_features(capacity=10):
    layout = Layout(VECTOR, "float32")
    return layout, SparseFeatures(layout, capacity, "float32")


def dense_row(row, width):
    if isinstance(row, dict):
        return [row.get(i, 0.0) for i in range(width)]
    return [NAN] * width if row is None else row


@st.composite
def tables(draw):
    """A width, and batches of dense, sparse and null vectors with values that may be NaN."""
    width = draw(st.integers(1, 5))
    value = st.sampled_from([0.0, 1.0, 2.5, -3.0, NAN])
    vector = st.one_of(
        st.none(),
        st.lists(value, min_size=width, max_size=width),
        st.dictionaries(st.integers(0, width - 1), value).map(
            lambda stored: {**dict(sorted(stored.items())), "n": width}
        ),
    )
    batches = draw(st.lists(st.lists(vector, min_size=1, max_size=8), min_size=1, max_size=4))
    return width, [[{"n": width}], *batches]


@given(case=tables(), shuffle=st.randoms(use_true_random=False))
@SETTINGS
def test_sparse_rows_are_those_of_scipy(case, shuffle):
    """Mixed with dense ones, rows dropped for a NaN, in any order: as scipy makes them of the dense rows."""
    width, batches = case
    layout, features = sparse_features()
    expected = []
    for rows in batches:
        batch = vectors(rows)
        layout.learn(batch)
        invalid = features.write(batch)
        table = np.array([dense_row(row, width) for row in rows], dtype="float32")
        missing = np.isnan(table).any(axis=1)
        assert invalid.missing.get("v", 0) == missing.sum()
        features.keep(None if invalid.rows is None else ~invalid.rows)
        expected.extend(table[~missing])
    order = list(range(len(expected)))
    shuffle.shuffle(order)
    order = order[: shuffle.randint(1, len(order))]
    found = features.take(np.array(order))
    assert isinstance(found, csr_array)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), csr_array(np.array(expected)).toarray()[order])


def test_sparse_rows_without_an_order_are_as_they_came():
    """The stored values themselves, explicit zeros included."""
    layout, features = sparse_features()
    batch = vectors([{"n": 4, 1: 5.0, 3: 0.0}, {"n": 4}, {"n": 4, 0: -1.0}])
    layout.learn(batch)
    assert features.write(batch) == InvalidValues()
    features.keep(None)
    assert features.row_bytes() == 12 + 12
    found = features.take(None)
    assert found.data.tolist() == [5.0, 0.0, -1.0]
    assert found.indices.tolist() == [1, 3, 0]
    assert found.indptr.tolist() == [0, 2, 2, 3]
    assert found.shape == (3, 4)


def test_sparse_invalid_values_are_counted_by_row():
    """A null vector or a NaN is missing, an infinite value is not; a row of both is missing."""
    layout, features = sparse_features()
    batch = vectors([None, {"n": 3, 0: INF}, {"n": 3, 0: NAN, 1: INF}, {"n": 3, 2: 1.0}, [1.0, -INF, 0.0]])
    layout.learn(batch)
    invalid = features.write(batch)
    assert invalid.missing == {"v": 2}
    assert invalid.infinite == {"v": 2}
    assert invalid.rows.tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("rows", [[{"n": 2}, {"n": 3}], [{"n": 2}, [1.0, 2.0, 3.0]]])
def test_sparse_vectors_of_other_sizes_are_refused(rows):
    """Sizes and dense lengths alike."""
    layout, features = sparse_features()
    batch = vectors(rows)
    layout.learn(batch)
    with pytest.raises(SampleError) as caught:
        features.write(batch)
    assert str(caught.value) == (
        "The vectors of column 'v' differ in length.\n"
        "  got: lengths 2, 3\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every vector by the same step, or filter the others out before the call."
    )


def test_a_sparse_matrix_of_no_rows():
    """Before the first batch there is nothing to keep, and the matrix has no rows."""
    layout, features = sparse_features()
    features.keep(None)
    assert features.take(None).shape == (0, 0)
    layout, features = sparse_features()
    layout.learn(vectors([{"n": 3}]))
    assert features.take(np.empty(0, dtype=int)).shape == (0, 3)


def numbers(a, b):
    return pa.record_batch(
        {
            "numbers": pa.array([[value] for value in a], pa.list_(pa.float32())),
            "array_1": pa.array(b, pa.list_(pa.float32())),
        }
    )


def dense_features(capacity=1):
    layout = Layout(TWO, "float32")
    layout.learn(numbers([0], [[0, 0]]))
    return DenseFeatures(layout, capacity, "float32")


def test_dense_rows_grow_and_invalid_values_are_counted_by_column():
    """A null anywhere in an array is one missing row of its column."""
    features = dense_features()
    features.keep(None)
    assert features.write(numbers([1, 2], [[3, 4], [5, 6]])) == InvalidValues()
    features.keep(None)
    invalid = features.write(numbers([None, 7, INF, 8], [[1, None], [INF, 1], [None, None], None]))
    assert invalid.missing == {"a": 1, "b": 3}
    assert invalid.infinite == {"a": 1, "b": 1}
    assert invalid.rows.tolist() == [True, False, True, True]
    features.keep(~invalid.rows)
    features.write(numbers([9], [[9, 9]]))
    features.keep(None)
    found = features.take(np.array([3, 0]))
    np.testing.assert_array_equal(found, [[9, 9, 9], [1, 3, 4]])
    assert found.flags.c_contiguous
    assert found.flags.owndata
