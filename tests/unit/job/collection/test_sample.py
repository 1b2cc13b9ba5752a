"""What comes back: frames and tables of a sample."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.report import SampleReport
from airflow_spark_guard.job.collection.representativeness.comparison import judge
from airflow_spark_guard.job.collection.sample import Sample


def report(**named):
    return SampleReport(
        **{
            "rows_total": 10,
            "rows_read": 5,
            "rows_dropped": 1,
            "rows_taken": 3,
            "bytes": 36,
            "seconds": 0.5,
            "passes": ("count", "rows"),
            "seed": 7,
            "nulls": "nan",
            "missing": {"town": 1},
            "categories": {},
            **named,
        }
    )


X = np.array([[1.5, 0, 4], [2.5, np.nan, 5], [3.5, 1, 6]], dtype="float32")
Y = np.array([1, 0, 1], dtype="float32")
TEXTS = {"town": ("Bern", "Rome"), "answer": ("no", "yes")}


@pytest.fixture
def texts():
    """Three rows: a number, a text with one missing, a number; a text label."""
    return Sample(X.copy(), Y.copy(), ("size", "town", "age"), report(categories=TEXTS, label="answer"))


def test_a_frame_has_texts_for_codes(texts):
    """Text columns are categorical with every category, a missing code is NaN, the label comes last."""
    frame = texts.to_pandas()
    expected = pd.DataFrame(
        {
            "size": np.array([1.5, 2.5, 3.5], dtype="float32"),
            "town": pd.Categorical(["Bern", None, "Rome"], categories=["Bern", "Rome"]),
            "age": np.array([4, 5, 6], dtype="float32"),
            "answer": pd.Categorical(["yes", "no", "yes"], categories=["no", "yes"]),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_the_sample_is_not_changed_by_its_frame(texts):
    """X and y keep their codes."""
    texts.to_pandas()
    np.testing.assert_array_equal(texts.X, X)
    np.testing.assert_array_equal(texts.y, Y)


def test_a_frame_of_numbers_shares_the_memory():
    """Nothing is copied where nothing is coded, and without a label there is none."""
    sample = Sample(X, None, ("a", "b", "c"), report())
    frame = sample.to_pandas()
    assert list(frame.columns) == ["a", "b", "c"]
    assert np.shares_memory(frame["a"].to_numpy(), X)


def test_a_table_has_dictionaries_for_codes(texts):
    """Text columns are dictionary-encoded, a missing code is null; numbers keep their type."""
    table = texts.to_arrow()
    assert table.column_names == ["size", "town", "age", "answer"]
    assert table.schema.field("size").type == pa.float32()
    assert pa.types.is_dictionary(table.schema.field("town").type)
    assert table.to_pydict() == {
        "size": [1.5, 2.5, 3.5],
        "town": ["Bern", None, "Rome"],
        "age": [4, 5, 6],
        "answer": ["yes", "no", "yes"],
    }


def test_frame_and_table_agree(texts):
    """The table's own frame is the sample's."""
    pd.testing.assert_frame_equal(texts.to_arrow().to_pandas(), texts.to_pandas(), check_categorical=False)
    assert list(texts.to_arrow().to_pandas()["town"].cat.categories) == ["Bern", "Rome"]


def test_a_table_of_numbers_without_a_label():
    """No y, no column for it."""
    table = Sample(X, None, ("a", "b", "c"), report()).to_arrow()
    assert table.column_names == ["a", "b", "c"]
    assert table["c"].to_pylist() == [4, 5, 6]


@pytest.mark.parametrize("made", ["to_arrow", "to_pandas"])
def test_features_of_one_name_both_stay(made):
    """A vector's element may bear the name of a column beside it: no column is lost."""
    result = getattr(Sample(X, Y, ("a", "b", "a"), report(label="a")), made)()
    assert result.shape == (3, 4)


def test_a_sparse_sample_has_a_sparse_frame():
    """Columns stay sparse; label and its texts come along."""
    rows = csr_array(np.array([[0, 2.0], [0, 0], [3.0, 0]], dtype="float32"))
    sample = Sample(rows, Y, ("v_0", "v_1"), report(categories={"answer": ("no", "yes")}, label="answer"))
    frame = sample.to_pandas()
    assert isinstance(frame["v_0"].dtype, pd.SparseDtype)
    np.testing.assert_array_equal(frame[["v_0", "v_1"]].to_numpy(), rows.toarray())
    assert frame["answer"].tolist() == ["yes", "no", "yes"]


def test_a_sparse_sample_has_no_table():
    """Arrow has none for it; the message says what to take instead."""
    rows = csr_array((3, 2))
    with pytest.raises(SampleError) as caught:
        Sample(rows, None, ("v_0", "v_1"), report()).to_arrow()
    assert str(caught.value) == (
        "A sparse sample has no Arrow table.\n"
        "  got: csr_array of shape (3, 2)\n"
        "  expected: a dense sample\n"
        "  do: Use sample.X (scipy.sparse), sample.to_pandas(), or collect without sparse=True."
    )


def test_without_pandas_there_is_no_frame(texts, monkeypatch):
    """The package that is missing is named, and the ways without it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SampleError) as caught:
        texts.to_pandas()
    assert str(caught.value) == (
        "to_pandas needs pandas.\n"
        "  got: no package pandas on the driver\n"
        "  expected: pandas\n"
        "  do: pip install 'pandas<3', or take sample.X, or sample.to_arrow()."
    )


def test_a_sample_is_freed_with_its_last_name():
    """At once, as its arrays may be large: sample and report hold each other in no circle."""
    columns = Columns((Number("a", "double"), Number("b", "double"), Number("c", "double")))
    sample = Sample(X.copy(), Y, ("a", "b", "c"), report(), columns=columns)
    freed = weakref.ref(sample)
    gc.disable()
    try:
        del sample
        assert freed() is None
    finally:
        gc.enable()


def test_a_part_is_not_compared_by_the_comparison_of_the_whole():
    """Its report has nothing to draw until the part itself is compared."""
    columns = Columns((Number("a", "double"), Number("b", "double"), Number("c", "double")))
    parts = np.array(["train", "test", "train"], object)
    sample = Sample(X, Y, ("a", "b", "c"), report(), parts=parts, columns=columns)
    sample.report._comparison.last = judge([], 3)
    with pytest.raises(SampleError, match="^There is nothing to draw yet"):
        sample.part("train").report.plot()
    assert sample.report._comparison.last is not None
