"""Which invalid values are found in the rows of a sample, and the messages about them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from airflow_spark_guard.job.collection import invalid_values
from airflow_spark_guard.job.collection.array_format import ArrayFormat
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.errors import InfiniteValuesError, SampleError
from airflow_spark_guard.job.collection.invalid_values import (
    Counts,
    InvalidValues,
    check_counts,
    counts_of,
    different_lengths,
    empty_columns,
    never_set,
)
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.kinds.vector import Vector

NAN, INF = math.nan, math.inf
COLUMNS = Columns(
    (Number("a", "double"), NumberArray("v", "array<double>", None, 2)),
    Number("y", "double"),
)
VALUES = st.sampled_from([0.0, 1.0, NAN, INF, -INF])
SUSPECTS = Counts(9, 0, {"a": 1, "v": 1, "y": 1}, {"a": 1, "v": 1, "y": 1})


@given(
    x=hnp.arrays("float32", st.tuples(st.integers(0, 9), st.just(3)), elements=VALUES),
    at_once=st.integers(1, 4),
)
@settings(derandomize=True)
def test_invalid_values_are_counted_by_row_and_column(x, at_once):
    """A row with a NaN anywhere in a column is one missing row, however many rows are looked at at once."""
    y = x[:, 0].copy()
    old, invalid_values._ROWS_AT_ONCE = invalid_values._ROWS_AT_ONCE, at_once
    try:
        found = counts_of(x, y, COLUMNS, SUSPECTS)
    finally:
        invalid_values._ROWS_AT_ONCE = old
    for name, values in (("a", x[:, :1]), ("v", x[:, 1:]), ("y", y[:, None])):
        assert found.missing.get(name, 0) == np.isnan(values).any(axis=1).sum()
        assert found.infinite.get(name, 0) == np.isinf(values).any(axis=1).sum()
    assert found.read == len(x)
    assert set(empty_columns(found, COLUMNS)) == {
        name
        for name, values in (("a", x[:, :1]), ("v", x[:, 1:]), ("y", y[:, None]))
        if len(x) and np.isnan(values).any(axis=1).all()
    }


def test_columns_that_never_had_one_are_not_looked_at():
    """What was fine in every row read is fine in those that were taken."""
    x = np.array([[NAN, 1, 2]], dtype="float32")
    assert counts_of(x, None, COLUMNS, Counts(1, 0, {"v": 3})).missing == {}


def test_invalid_values_of_sparse_rows_are_those_stored():
    """NaN wins over infinite, as in a row of a dense matrix."""
    columns = Columns((Vector("v", "vector", None, 3),))
    x = csr_array(np.array([[0, 1, 0], [NAN, INF, 0], [INF, 0, 0], [0, 0, 0]], dtype="float32"))
    found = counts_of(x, None, columns, Counts(4, 0, {"v": 1}, {"v": 2}))
    assert (found.missing, found.infinite) == ({"v": 1}, {"v": 1})


def test_invalid_values_add_up():
    """Batch by batch, with the rows that have one."""
    counts = Counts()
    one, two = InvalidValues(), InvalidValues()
    one.add("a", np.array([1, NAN], dtype="float32"))
    one.add("b", np.array([NAN, 1], dtype="float32"))
    two.add("a", np.array([INF, NAN], dtype="float32"))
    counts.add(2, one)
    counts.add(2, two)
    assert one.rows.tolist() == [True, True]
    assert (counts.read, counts.missing, counts.infinite) == (4, {"a": 2, "b": 1}, {"a": 1})


@pytest.mark.parametrize(
    ("nulls", "counts", "text"),
    [
        ("error", Counts(5, 0, {"y": 1, "a": 2}), "There are nulls in the columns to collect.\n  got: a: 2, y: 1 (of 5 rows drawn)\n"),
        ("nan", Counts(5, 0, {"y": 1, "a": 2}), "There are nulls in the label.\n  got: y: 1 (of 5 rows drawn)\n"),
        ("drop", Counts(5, 0, {}, {"a": 1}), "There are infinite values in the columns to collect.\n  got: a: 1 (of 5 rows drawn)\n"),
    ],
)  # fmt: skip
def test_invalid_values_are_refused_by_policy(nulls, counts, text):
    """With the columns in their order, and the rows they were counted in."""
    with pytest.raises(SampleError) as caught:
        check_counts(counts, COLUMNS, ArrayFormat("float32", nulls), drawn=True)
    assert str(caught.value).startswith(text)
    assert isinstance(caught.value, InfiniteValuesError) == ("infinite" in text)


def test_nulls_that_are_allowed_pass():
    """Features that become NaN, and what was dropped before."""
    check_counts(Counts(5, 0, {"a": 5}), COLUMNS, ArrayFormat("float32", "nan"))
    check_counts(Counts(5, 2, {"a": 2}), COLUMNS, ArrayFormat("float32", "drop"))


def test_a_column_without_any_value_is_named():
    """With the rows that were looked at."""
    assert str(never_set("a", 7)) == (
        "Column 'a' is null in every row.\n"
        "  got: 7 rows without a value\n"
        "  expected: at least one value: a feature without values has no information for a model\n"
        "  do: Look at the step that makes it, or take it out of the features."
    )


def test_rows_of_another_length_are_refused_where_they_are_taken():
    """With the lengths; infinity in other columns is what it is."""
    ragged = Counts(3, 0, {}, {"v": 1}, {"v": {3, 1}})
    with pytest.raises(
        SampleError, match="^The arrays of column 'v' differ in length.\n  got: lengths 1, 2, 3\n"
    ):
        check_counts(ragged, COLUMNS, ArrayFormat(), drawn=True)
    check_counts(Counts(3, 0, {}, {}, {"v": {3}}), COLUMNS, ArrayFormat(), drawn=True)
    with pytest.raises(InfiniteValuesError):
        check_counts(Counts(3, 0, {}, {"a": 1}, {"v": {3}}), COLUMNS, ArrayFormat(), drawn=True)


@pytest.mark.parametrize(
    ("lengths", "shown"),
    [([2, 1], "1, 2"), ([3, 1], "1, 2, 3"), ([0, 2], "0, 2"), ([1, 3, 0, 2, 5, 6], "0, 1, 2, 3, 5")],
)
def test_lengths_that_differ_are_shown(lengths, shown):
    """The first five, and that of most."""
    assert str(different_lengths(lengths, NumberArray("prices", "array<int>", None, 2).reader())) == (
        "The arrays of column 'prices' differ in length.\n"
        f"  got: lengths {shown}\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every array by the same step, or filter the others out before the call."
    )
