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

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.blocks import Layout, NotUnrolledError, Texts, matrix
from airflow_spark_guard.job.collection.columns import check_columns

SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)
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
    found = matrix(pa.array(table, FLOATS)[begin:end], width, "array", "a")
    expected = [
        [NAN] * width if row is None else [NAN if value is None else value for value in row]
        for row in table[begin:end]
    ]
    np.testing.assert_array_equal(found, np.array(expected, dtype="float32").reshape(end - begin, width))


def test_null_lists_that_hold_values_are_passed_over():
    """Arrow lets a null list cover values of its own; they belong to nobody."""
    lists = pa.ListArray.from_arrays(
        pa.array([0, 2, 4, 6], pa.int32()),
        pa.array([1, 2, 3, 4, 5, 6], pa.float32()),
        mask=pa.array([False, True, False]),
    )
    np.testing.assert_array_equal(matrix(lists, 2, "array"), [[1, 2], [NAN, NAN], [5, 6]])
    np.testing.assert_array_equal(matrix(lists[1:], 2, "array"), [[NAN, NAN], [5, 6]])


@pytest.mark.parametrize(
    ("rows", "lengths"),
    [
        ([[1, 2], [3]], "1, 2"),
        ([[1, 2, 3], [4]], "1, 2, 3"),
        ([[], None, [1, 2]], "0, 2"),
        ([[1], [1, 2, 3], [], [1, 2], [1] * 5, [1] * 6], "0, 1, 2, 3, 5"),
    ],
)
def test_lists_of_other_lengths_are_refused(rows, lengths):
    """Also where the lengths add up as if they fitted; the first five lengths are told."""
    with pytest.raises(SampleError) as caught:
        matrix(pa.array(rows, FLOATS), 2, "array", "prices")
    assert str(caught.value) == (
        "The arrays of column 'prices' differ in length.\n"
        f"  got: lengths {lengths}\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every array by the same step, or filter the others out before the call."
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
    layout = Layout(columns("v", v=VectorUDT()), "float32")
    np.testing.assert_array_equal(
        filled(layout, vectors(*rows)), np.array([dense(row, width) for row in rows], dtype="float32")
    )
    assert layout.width == width


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
@settings(max_examples=60, deadline=None, derandomize=True)
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
    assert layout.settle(rows, None) == {"t": ("a", "b")}
    np.testing.assert_array_equal(rows[:, 0], [1, 0])


def test_vectors_that_do_not_unroll_say_so():
    """A vector that is not usual asks for the general projection; else it is a matrix."""
    schema = t.StructType([t.StructField("v", VectorUDT(), metadata={"ml_attr": {"num_attrs": 2}})])
    layout = Layout(check_columns(schema, "v"), "float32")
    good = pa.record_batch({"dense_0": pa.array([[1, 2], [None, None]], FLOATS), "usual_0": [True, True]})
    np.testing.assert_array_equal(filled(layout, good), [[1, 2], [NAN, NAN]])
    with pytest.raises(NotUnrolledError):
        filled(
            layout,
            pa.record_batch({"dense_0": pa.array([[1, 2], [3, None]], FLOATS), "usual_0": [True, False]}),
        )


def test_labels_are_floats_or_codes():
    """A null label is NaN; a text label is coded like a feature."""
    plain = Layout(columns("x", "y", x=t.LongType(), y=t.LongType()), "float32")
    batch = pa.record_batch({"label": pa.array([1, None, 3], pa.float32())})
    np.testing.assert_array_equal(plain.labels(batch), [1, NAN, 3])
    text = Layout(columns("x", "y", {"y": ["no", "yes"]}, x=t.LongType(), y=t.StringType()), "float32")
    batch = pa.record_batch({"label": pa.array(["yes", None, "perhaps", "no"])})
    codes = text.labels(batch)
    np.testing.assert_array_equal(codes, [1, NAN, NAN, 0])
    assert text.settle(np.empty((4, 1)), codes) == {"y": ("no", "yes")}


TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["b", "a", "", "\u00e4", "zz"])), max_size=15)


@given(batches=st.lists(TEXTS, max_size=4), keep=st.randoms(use_true_random=False))
@SETTINGS
def test_codes_settle_into_the_order_of_their_texts(batches, keep):
    """Whatever came first, and whatever rows were dropped in between: sorted, without gaps, null is NaN."""
    texts = Texts(None)
    parts = [texts.codes(pa.array(batch, pa.string())) for batch in batches]
    rows = [text for batch in batches for text in batch]
    codes = np.concatenate([np.empty(0), *parts])
    kept = [keep.random() < 0.7 for _ in rows]
    codes, rows = codes[kept], [text for text, there in zip(rows, kept, strict=True) if there]
    texts.settle(codes)
    ordered = sorted({text for text in rows if text is not None})
    assert texts.categories == tuple(ordered)
    np.testing.assert_array_equal(codes, [NAN if text is None else ordered.index(text) for text in rows])


def test_codes_settle_again_after_a_cut():
    """Texts whose rows were all cut are forgotten, the others move up."""
    texts = Texts(None)
    codes = texts.codes(pa.array(["c", "a", "b"])).astype("float32")
    texts.settle(codes)
    codes = codes[[0, 2]]
    texts.settle(codes)
    assert codes.tolist() == [1, 0]
    assert texts.categories == ("b", "c")
    assert codes.dtype == np.float32


def test_given_categories_keep_their_codes():
    """Their order is not touched, others are missing, and those that did not come stay."""
    texts = Texts(("z", "a", "m"))
    codes = texts.codes(pa.array(["a", "other", None, "z"]))
    texts.settle(codes)
    np.testing.assert_array_equal(codes, [1, NAN, NAN, 0])
    assert texts.categories == ("z", "a", "m")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_column_of_nulls_has_no_codes(kind):
    """All NaN, and no texts; a batch without rows has no codes at all."""
    texts = Texts(None)
    assert np.isnan(texts.codes(pa.array([None, None], kind))).all()
    assert len(texts.codes(pa.array([], kind))) == 0
    assert texts.categories == ()
