"""Arrow batches into rows of a matrix, on batches built by hand, against plain Python."""

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
from airflow_spark_guard.job.collection.layout import Layout

NAN = math.nan
FLOATS = pa.list_(pa.float32())


def columns(features, label=None, categories=None, **types):
    schema = t.StructType([t.StructField(name, data_type) for name, data_type in types.items()])
    return check_columns(schema, features, label, categories)


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


def filled(layout, batch):
    layout.learn(batch)
    rows = np.full((batch.num_rows, layout.width), -1, dtype="float32")
    layout.fill(batch, rows)
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        [("dense", [1.0, 2.0]), ("dense", [1.0])],
        [(2, {0: 1.0}), (3, {})],
        [(2, {0: 1.0}), ("dense", [1.0, 2.0, 3.0])],
    ],
)
def test_vectors_of_other_sizes_are_marked(rows):
    """Whatever kinds they are of: a row of infinity, which is refused where it is taken, and the length."""
    layout = Layout(columns("v", v=VectorUDT()), "float32")
    made = filled(layout, vectors(*rows))
    assert np.isfinite(made[0]).all()
    assert np.isinf(made[1]).all()
    assert layout.ragged == {"v": {rows[1][0] if rows[1][0] != "dense" else len(rows[1][1])}}


@given(st.lists(st.sampled_from([None, 1, 2, 2, 2, 3]), min_size=1, max_size=8))
@settings(derandomize=True)
def test_arrays_of_other_lengths_are_marked(lengths):
    """The others stay as they are, nulls are NaN, in their places."""
    layout = Layout(columns("a", a=t.ArrayType(t.FloatType())), "float32")
    layout.learn(pa.record_batch({"array_0": pa.array([[0, 0]], FLOATS)}))
    lists = [None if length is None else [float(i + 1)] * length for i, length in enumerate(lengths)]
    made = filled(layout, pa.record_batch({"array_0": pa.array(lists, FLOATS)}))
    for row, length, i in zip(made, lengths, range(len(lengths)), strict=True):
        value = np.nan if length is None else i + 1 if length == 2 else np.inf
        np.testing.assert_array_equal(row, [value, value])
    odd = {length for length in lengths if length not in (None, 2)}
    assert layout.ragged == ({"a": odd} if odd else {})


def test_a_batch_without_vectors_teaches_nothing():
    """Widths come from the first array and the first vector, whichever batch has it."""
    layout = Layout(columns(["v", "a"], v=VectorUDT(), a=t.ArrayType(t.FloatType())), "float32")
    empty, some = pa.array([None], FLOATS), pa.array([[1, 2]], FLOATS)
    layout.learn(vectors(None).append_column("array_1", empty))
    assert layout.unknown() == ("v", "a")
    assert layout.width is None
    layout.learn(vectors(None).append_column("array_1", some))
    assert layout.unknown() == ("v",)
    assert layout.spans == [slice(0, 0), slice(0, 2)]
    layout.learn(vectors((3, {})).append_column("array_1", empty))
    assert layout.unknown() == ()
    assert layout.width == 5
    assert layout.spans == [slice(0, 3), slice(3, 5)]
    assert layout.feature_names() == ("v_0", "v_1", "v_2", "a_0", "a_1")


def test_each_column_gets_its_place():
    """Numbers travel together and are spread; text is coded; arrays stand in between."""
    wanted = columns(
        ["t", "x", "a", "y"],
        t=t.StringType(),
        x=t.LongType(),
        a=t.ArrayType(t.FloatType()),
        y=t.DateType(),
    )
    batch = pa.record_batch(
        {
            "numbers": pa.array([[1, 2], [3, None]], FLOATS),
            "text_0": pa.array(["b", "a"]),
            "array_2": pa.array([[7, 8], None], FLOATS),
        }
    )
    layout = Layout(wanted, "float32")
    rows = filled(layout, batch)
    np.testing.assert_array_equal(rows, [[0, 1, 7, 8, 2], [1, 3, NAN, NAN, NAN]])
    assert layout.sort_texts(rows, None) == {"t": ("a", "b")}
    np.testing.assert_array_equal(rows[:, 0], [1, 0])


def test_labels_are_floats_or_codes():
    """A null label is NaN; a text label is coded like a feature."""
    plain = Layout(columns("x", "y", x=t.LongType(), y=t.LongType()), "float32")
    batch = pa.record_batch({"label": pa.array([1, None, 3], pa.float32())})
    np.testing.assert_array_equal(plain.labels(batch), [1, NAN, 3])
    text = Layout(columns("x", "y", {"y": ["no", "yes"]}, x=t.LongType(), y=t.StringType()), "float32")
    batch = pa.record_batch({"label": pa.array(["yes", None, "perhaps", "no"])})
    codes = text.labels(batch)
    np.testing.assert_array_equal(codes, [1, NAN, NAN, 0])
    assert text.sort_texts(np.empty((4, 1)), codes) == {"y": ("no", "yes")}
    assert Layout(columns("x", x=t.LongType()), "float32").labels(batch) is None
