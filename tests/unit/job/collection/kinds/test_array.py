"""Arrays of numbers: what Spark sends of them, and how Arrow's lists become rows."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job.collection.kinds.array import ArrayReader, NumberArray, list_rows

SETTINGS = settings(derandomize=True)
NAN = math.nan
FLOATS = pa.list_(pa.float32())


VALUES = st.one_of(st.none(), st.just(NAN), st.integers(-9, 9).map(float))


@given(
    width=st.integers(0, 4),
    present=st.lists(st.booleans(), max_size=12),
    data=st.data(),
)
@SETTINGS
def test_lists_become_rows_also_in_slices(width, present, data):
    """Null lists become rows of NaN, null values NaN; a slice holds what is its own."""
    table = [
        data.draw(st.lists(VALUES, min_size=width, max_size=width)) if there else None for there in present
    ]
    begin = data.draw(st.integers(0, len(table)))
    end = data.draw(st.integers(begin, len(table)))
    found = list_rows(pa.array(table, FLOATS)[begin:end], width, "float32")
    expected = [
        [NAN] * width if row is None else [NAN if value is None else value for value in row]
        for row in table[begin:end]
    ]
    np.testing.assert_array_equal(found, np.array(expected, dtype="float32").reshape(end - begin, width))


def test_null_lists_that_hold_values_are_passed_over():
    """Arrow lets a null list cover values of its own; they are no row's."""
    lists = pa.ListArray.from_arrays(
        pa.array([0, 2, 4, 6], pa.int32()),
        pa.array([1, 2, 3, 4, 5, 6], pa.float32()),
        mask=pa.array([False, True, False]),
    )
    np.testing.assert_array_equal(list_rows(lists, 2, "float32"), [[1, 2], [NAN, NAN], [5, 6]])
    np.testing.assert_array_equal(list_rows(lists[1:], 2, "float32"), [[NAN, NAN], [5, 6]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_have_the_dtype_asked_for(dtype):
    """Whatever the numbers of the lists are."""
    rows = list_rows(pa.array([[1, None], None, [3, 4]], pa.list_(pa.int64())), 2, dtype)
    assert rows.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(rows, [[1, NAN], [NAN, NAN], [3, 4]])


@pytest.mark.parametrize(
    ("lists", "width"),
    [
        ([[1, 2], [3], [4, 5]], 2),
        ([[1], [2, 3]], 1),
        ([None, [], [1]], 0),
        ([[1, 2, 3], [1], [2], [1, 2, 3]], 3),
        ([None, None], None),
        ([], None),
    ],
)
def test_the_width_is_that_of_most(lists, width):
    """Of several lengths as frequent the first one; nulls have none."""
    reader = ArrayReader("a", None)
    reader.learn(pa.record_batch({"array_0": pa.array(lists, FLOATS)}), 0)
    assert reader.width == width


def test_elements_become_numbers_in_spark():
    """Cast as a whole, but days and clocks one by one, which Spark casts to no number."""
    assert NumberArray("a.b", "array<int>").parts("float") == ["CAST(`a.b` AS ARRAY<float>)"]
    assert NumberArray("a", "array<date>").parts("float") == [
        "CAST(transform(`a`, x -> unix_date(x)) AS ARRAY<float>)"
    ]
