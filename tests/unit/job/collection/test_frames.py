"""A sample as a table, when names repeat, and with the types of its source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.frames import codes_of, text_places, to_arrow, to_pandas
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.kinds.text import Text
from airflow_spark_guard.job.collection.report import SampleReport
from airflow_spark_guard.job.collection.sample import Sample

NAN = np.nan


def sample_of(columns, x, y=None, categories=None):
    label = None if columns.label is None else columns.label.name
    names = tuple(name for column in columns.features for name in column.feature_names(column.width))
    report = SampleReport(1, 1, 0, len(x), 0, 0.0, (), 1, "nan", {}, categories or {}, label)
    return Sample(x, y, names, report, columns=columns)


@st.composite
def clashes(draw):
    """Columns of which an array's elements may have the names of text columns, in any order, and a label."""
    names = draw(st.permutations(["emb", "emb_0", "emb_1", "emb_0_0", "other"]))
    kinds = [
        lambda name: Text(name, "string"),
        lambda name: NumberArray(name, "array<double>", None, draw(st.integers(1, 3))),
        lambda name: Number(name, "double"),
    ]
    made = tuple(draw(st.sampled_from(kinds))(name) for name in names)
    return Columns(made, draw(st.sampled_from([None, Text("emb_2", "string"), Number("emb_2", "double")])))


@given(columns=clashes(), rows=st.integers(0, 4))
@settings(derandomize=True)
def test_columns_are_told_apart_by_their_place(columns, rows):
    """Texts stand where the text columns are and nowhere else, in pandas as in Arrow, whatever names repeat."""
    width = sum(column.width for column in columns.features)
    x = (np.arange(rows * width).reshape(rows, width) % 2).astype("float32")
    texts = [column.name for column in columns.all() if column.categorical]
    categories = {name: (f"{name}-a", f"{name}-b") for name in texts}
    y = None if columns.label is None else np.zeros(rows, "float32")
    sample = sample_of(columns, x, y, categories)
    frame, table = to_pandas(sample, "floats"), to_arrow(sample)
    at = 0
    for column in columns.all():
        for _ in range(column.width):
            expected = (x[:, at] if at < width else y).tolist()
            if column.categorical:
                expected = [categories[column.name][int(code)] for code in expected]
            assert frame.iloc[:, at].tolist() == expected
            assert table.column(at).to_pylist() == expected
            at += 1
    assert set(text_places(sample)) == {
        i
        for i, column in enumerate(
            [column for column in columns.features for _ in range(column.width)] + list(columns.all()[5:])
        )
        if column.categorical
    }


SOURCE = Columns(
    (
        Number("i", "int"),
        Number("l", "bigint"),
        Number("b", "boolean"),
        Number("d", "date"),
        Number("t", "timestamp"),
        Number("n", "timestamp_ntz"),
        Number("m", "decimal(9,2)"),
        Number("f", "float"),
        NumberArray("a", "array<smallint>", None, 2),
        Text("s", "string"),
    ),
    Number("y", "tinyint"),
)


def test_types_of_the_source_come_back():
    """Whole numbers, booleans, dates, times, decimals rounded to their scale; nulls as pandas has them."""
    noon = 15706 * 86400 + 43200.25
    x = np.array([[1, 2**40, 1, 15706, noon, noon, 0.1, 0.5, 3, 4, 0], [NAN] * 8 + [5, NAN, NAN]])
    frame = to_pandas(sample_of(SOURCE, x, np.array([7.0, 8.0]), {"s": ("x",)}), "source")
    assert [str(kind) for kind in frame.dtypes] == [
        "Int32", "Int64", "boolean", "datetime64[s]", "datetime64[us, UTC]", "datetime64[us]", "float64", "float32",
        "int16", "Int16", "category", "int8",
    ]  # fmt: skip
    moment = pd.Timestamp("2013-01-01 12:00:00.25")
    assert frame.iloc[0].tolist() == [
        1, 2**40, True, pd.Timestamp(2013, 1, 1), moment.tz_localize("UTC"), moment, 0.1, 0.5, 3, 4, "x", 7,
    ]  # fmt: skip
    assert frame.iloc[1].isna().tolist() == [True] * 8 + [False, True, True, False]


def test_without_nulls_types_are_numpys():
    """int32, bool: as a model takes them; days beyond pandas' nanoseconds included."""
    x = np.array([[1, 2, 1, -719162, 0, 0, 0.123456, 0, 1, 1, 0]], dtype="float32")
    frame = to_pandas(sample_of(SOURCE, x, np.array([1], "float32"), {"s": ("x",)}), "source")
    assert [str(kind) for kind in frame.dtypes[:3]] == ["int32", "int64", "bool"]
    assert str(frame["d"].iloc[0]) == "0001-01-01 00:00:00"
    assert frame["m"].tolist() == [0.12]


def test_digits_that_are_gone_are_not_given_back():
    """A whole number that float32 may have rounded is no whole number of the source any more."""
    columns = Columns((Number("id", "bigint"),))
    x = np.array([[2.0**24]], dtype="float32")
    with pytest.raises(SampleError) as caught:
        to_pandas(sample_of(columns, x), "source")
    assert str(caught.value) == (
        "Digits were lost on the way, so the values of the source cannot be given back.\n"
        "  got: id in float32\n"
        "  expected: floats that hold every whole number of these columns\n"
        "  do: Collect with dtype='float64' or dtype='auto', or leave these columns out."
    )
    assert to_pandas(sample_of(columns, x.astype("float64")), "source")["id"].tolist() == [2**24]


def test_dtypes_that_cannot_be_are_refused():
    """An unknown word; or a sample that knows nothing of a source."""
    by_hand = Sample(np.zeros((1, 1)), None, ("a",), sample_of(SOURCE, np.zeros((0, 11))).report)
    with pytest.raises(SampleError, match="^These dtypes are not known.\n  got: 'spark'\n"):
        to_pandas(by_hand, "spark")
    with pytest.raises(SampleError, match="^This sample does not know the types of its source.\n"):
        to_pandas(by_hand, "source")


def test_missing_codes_are_minus_one():
    """Whole numbers for pandas and Arrow."""
    assert codes_of(np.array([2, NAN], "float32")).tolist() == [2, -1]
