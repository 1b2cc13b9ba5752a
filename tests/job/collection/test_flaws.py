"""Which flaws are found in the rows of a sample, and what is said of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from airflow_spark_guard.job.collection import flaws
from airflow_spark_guard.job.collection.columns import Columns, SourceColumn
from airflow_spark_guard.job.collection.errors import InfiniteValuesError, SampleError
from airflow_spark_guard.job.collection.flaws import (
    Counts,
    Flaws,
    check_flaws,
    check_lengths,
    counts_of,
    empty_columns,
    never_set,
)
from airflow_spark_guard.job.collection.reading import Form

NAN, INF = math.nan, math.inf
COLUMNS = Columns(
    (SourceColumn("a", "number", "double"), SourceColumn("v", "array", "array<double>", None, 2)),
    SourceColumn("y", "number", "double"),
)
VALUES = st.sampled_from([0.0, 1.0, NAN, INF, -INF])
SUSPECTS = Counts(9, 0, {"a": 1, "v": 1, "y": 1}, {"a": 1, "v": 1, "y": 1})


@given(
    x=hnp.arrays("float32", st.tuples(st.integers(0, 9), st.just(3)), elements=VALUES),
    at_once=st.integers(1, 4),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_flaws_are_counted_by_row_and_column(x, at_once):
    """A row with a NaN anywhere in a column is one missing row, however many rows are looked at at once."""
    y = x[:, 0].copy()
    old, flaws._ROWS_AT_ONCE = flaws._ROWS_AT_ONCE, at_once
    try:
        found = counts_of(x, y, COLUMNS, SUSPECTS)
    finally:
        flaws._ROWS_AT_ONCE = old
    for name, values in (("a", x[:, :1]), ("v", x[:, 1:]), ("y", y[:, None])):
        assert found.missing.get(name, 0) == np.isnan(values).any(axis=1).sum()
        assert found.infinite.get(name, 0) == np.isinf(values).any(axis=1).sum()
    assert found.read == len(x)
    assert set(empty_columns(found, COLUMNS)) == {
        name
        for name, values in (("a", x[:, :1]), ("v", x[:, 1:]), ("y", y[:, None]))
        if len(x) and np.isnan(values).any(axis=1).all()
    }


def test_columns_that_never_had_a_flaw_are_not_looked_at():
    """What was fine in every row read is fine in those that were taken."""
    x = np.array([[NAN, 1, 2]], dtype="float32")
    assert counts_of(x, None, COLUMNS, Counts(1, 0, {"v": 3})).missing == {}


def test_flaws_of_sparse_rows_are_those_stored():
    """NaN wins over infinite, as in a row of a dense matrix."""
    columns = Columns((SourceColumn("v", "vector", "vector", None, 3),))
    x = csr_array(np.array([[0, 1, 0], [NAN, INF, 0], [INF, 0, 0], [0, 0, 0]], dtype="float32"))
    found = counts_of(x, None, columns, Counts(4, 0, {"v": 1}, {"v": 2}))
    assert (found.missing, found.infinite) == ({"v": 1}, {"v": 1})


def test_flaws_add_up():
    """Batch by batch, with the rows that have one."""
    counts = Counts()
    one, two = Flaws(), Flaws()
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
def test_flaws_are_refused_by_policy(nulls, counts, text):
    """With the columns in their order, and the rows they were counted in."""
    with pytest.raises(SampleError) as caught:
        check_flaws(counts, COLUMNS, Form("float32", nulls), drawn=True)
    assert str(caught.value).startswith(text)
    assert isinstance(caught.value, InfiniteValuesError) == ("infinite" in text)


def test_nulls_that_are_allowed_pass():
    """Features that become NaN, and what was dropped before."""
    check_flaws(Counts(5, 0, {"a": 5}), COLUMNS, Form("float32", "nan"))
    check_flaws(Counts(5, 2, {"a": 2}), COLUMNS, Form("float32", "drop"))


def test_a_column_without_any_value_is_named():
    """With the rows that were looked at."""
    assert str(never_set("a", 7)) == (
        "Column 'a' is null in every row.\n"
        "  got: 7 rows without a value\n"
        "  expected: at least one value: a feature without any tells a model nothing\n"
        "  do: Look at the step that makes it, or take it out of the features."
    )


def test_rows_of_another_length_are_refused_where_they_are_taken():
    """With the lengths; infinity in other columns is what it is."""
    ragged = Counts(3, 0, {}, {"v": 1}, {"v": {3, 1}})
    with pytest.raises(
        SampleError, match="^The arrays of column 'v' differ in length.\n  got: lengths 1, 2, 3\n"
    ):
        check_flaws(ragged, COLUMNS, Form(), drawn=True)
    check_flaws(Counts(3, 0, {}, {}, {"v": {3}}), COLUMNS, Form(), drawn=True)
    with pytest.raises(InfiniteValuesError):
        check_flaws(Counts(3, 0, {}, {"a": 1}, {"v": {3}}), COLUMNS, Form(), drawn=True)


def test_equal_lengths_pass():
    """Nothing is raised, also of no lengths at all."""
    check_lengths(np.array([3, 3]), 3, "vector", "v")
    check_lengths(np.empty(0, dtype=int), 3, "vector", "v")
