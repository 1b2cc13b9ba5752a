"""What a worker makes of Arrow arrays; without Spark, since nothing of it is needed inside."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark import cloudpickle

from airflow_spark_guard.job import scoring_worker
from airflow_spark_guard.job.collection import kinds
from airflow_spark_guard.job.collection.kinds.array import ArrayReader
from airflow_spark_guard.job.collection.kinds.number import NumberReader
from airflow_spark_guard.job.collection.kinds.text import TextReader
from airflow_spark_guard.job.collection.kinds.vector import VectorReader
from airflow_spark_guard.job.scoring_worker import (
    ARRAY,
    NUMBER,
    TEXT,
    Input,
    Scoring,
    answer,
    matrix,
    of_pandas,
    score_batches,
)

N = Input(NumberReader("n", 1), (0,), (0,))
NAN = np.nan


class Echo:
    """Gives the matrix back, and remembers the sizes of the blocks."""

    def __init__(self):
        self.blocks = []

    def predict(self, x):
        self.blocks.append(len(x))
        assert x.flags.c_contiguous
        return x[:, 0]

    def whole(self, x):
        return x

    def named(self, x):
        return np.where(x[:, 0] > 1, "high", "low")


def scoring(*inputs, width=None, dtype="float32", result=NUMBER, method="predict"):
    width = sum(len(one.targets) for one in inputs) if width is None else width
    return Scoring(inputs, width, dtype, result, method)


def vectors(rows):
    """Spark's four fields of vectors: lists are dense, dicts sparse of width 3, None is null."""
    kinds = [None if row is None else int(isinstance(row, list)) for row in rows]
    return (
        pa.array(kinds, pa.int32()),
        pa.array([3 if isinstance(row, dict) else None for row in rows], pa.int32()),
        pa.array([list(row) if isinstance(row, dict) else None for row in rows], pa.list_(pa.int32())),
        pa.array(
            [list(row.values()) if isinstance(row, dict) else row for row in rows], pa.list_(pa.float64())
        ),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_number_is_a_column(dtype):
    """C-contiguous, of the dtype; a null is NaN."""
    x = matrix([pa.array([1, None, 3], pa.int64())], scoring(N, dtype=dtype))
    assert x.dtype == np.dtype(dtype)
    assert x.flags.c_contiguous
    np.testing.assert_array_equal(x, [[1], [NAN], [3]])


def test_every_source_takes_its_columns():
    """Whatever the order of the arguments: array, text and number beside each other."""
    inputs = (
        Input(ArrayReader("list", 2), (1,), (0, 1)),
        Input(TextReader("text", 1, ("a", "b")), (2,), (3,)),
        Input(NumberReader("n", 1), (0,), (2,)),
    )
    parts = [
        pa.array([1.5, None, 3.5]),
        pa.array([[1, 2], None, [5, None]], pa.list_(pa.int64())),
        pa.array(["b", "new", None]),
    ]
    expected = [[1, 2, 1.5, 1], [NAN, NAN, NAN, NAN], [5, NAN, 3.5, NAN]]
    np.testing.assert_array_equal(matrix(parts, scoring(*inputs)), expected)


@pytest.mark.parametrize("start", [0, 1, 3])
def test_vectors_become_rows_also_of_a_slice(start):
    """Dense, sparse, empty and missing ones, mixed; a slice begins where it says."""
    rows = [[1.0, 2.0, 3.0], {1: 5.0}, None, {}, {0: 7.0, 2: 8.0}, [4.0, 5.0, 6.0]]
    expected = [[1, 2, 3], [0, 5, 0], [NAN] * 3, [0] * 3, [7, 0, 8], [4, 5, 6]]
    source = Input(VectorReader("v", 3), (0, 1, 2, 3), (0, 1, 2))
    parts = [part.slice(start) for part in vectors(rows)]
    np.testing.assert_array_equal(matrix(parts, scoring(source)), expected[start:])


@pytest.mark.parametrize("start", [0, 2])
def test_arrays_become_rows_also_of_a_slice(start):
    """A null array is a row of NaN."""
    parts = [pa.array([[1, 2], None, [3, 4], [5, 6]], pa.list_(pa.float32())).slice(start)]
    expected = [[1, 2], [NAN, NAN], [3, 4], [5, 6]]
    source = Input(ArrayReader("list", 2), (0,), (0, 1))
    np.testing.assert_array_equal(matrix(parts, scoring(source)), expected[start:])


@pytest.mark.parametrize(
    ("reader", "parts", "got"),
    [
        (ArrayReader, (pa.array([[1.0, 2.0, 3.0], [1.0]]),), 1),
        (VectorReader, vectors([[1.0, 2.0, 3.0], [1.0, 2.0]]), 2),
        (VectorReader, vectors([[1.0, 2.0, 3.0, 4.0]]), 4),
    ],
)
def test_another_length_is_refused(reader, parts, got):
    """With the column, the lengths and what to do."""
    source = Input(reader("c", 3), tuple(range(len(parts))), (0, 1, 2))
    with pytest.raises(ValueError, match="differ in length") as caught:
        matrix(parts, scoring(source))
    assert str(caught.value) == (
        f"The {reader.kind}s of column 'c' differ in length.\n  got: {got}\n  expected: 3\n"
        "  do: Filter or pad those rows before scoring."
    )


def test_batches_are_scored_in_blocks_of_bounded_size(monkeypatch):
    """One answer for each batch, joined of its blocks; an empty batch has an empty answer of its type."""
    model = Echo()
    monkeypatch.setattr(scoring_worker, "BLOCK_BYTES", 4 * 10)
    batches = [(pa.array(np.arange(n, dtype="float64")),) for n in (25, 0, 10)]
    answers = list(score_batches(lambda: model, scoring(N), iter(batches)))
    assert [one.to_pylist() for one in answers] == [list(range(25)), [], list(range(10))]
    assert {one.type for one in answers} == {pa.float64()}
    assert model.blocks == [10, 10, 5, 10]


def test_a_row_larger_than_a_block_is_a_block(monkeypatch):
    """At least one row at a time."""
    monkeypatch.setattr(scoring_worker, "BLOCK_BYTES", 1)
    assert scoring(N, width=1000).block_rows() == 1
    monkeypatch.setattr(scoring_worker, "BLOCK_BYTES", 8000)
    assert scoring(N, width=100).block_rows() == 20
    assert scoring(N, width=100, dtype="float64").block_rows() == 10


@pytest.mark.parametrize(
    ("result", "method", "expected"),
    [
        (NUMBER, "predict", [1.0, None, 3.0]),
        (ARRAY, "whole", [[1.0], [None], [3.0]]),
        (TEXT, "named", ["low", "low", "high"]),
    ],
)
def test_the_answer_is_a_number_an_array_or_a_text(result, method, expected):
    """NaN is null; the type is that of an empty batch."""
    made = scoring(N, result=result, method=method)
    batches = [(pa.array([1.0, None, 3.0]),), (pa.array([], pa.float64()),)]
    full, empty = score_batches(Echo, made, iter(batches))
    assert full.to_pylist() == expected
    assert full.type == empty.type
    assert len(empty) == 0


@pytest.mark.parametrize(("result", "values"), [(NUMBER, np.zeros((2, 2))), (ARRAY, np.zeros(2))])
def test_an_answer_of_another_shape_is_refused(result, values):
    """The shape on an executor is that of the driver."""
    wanted = 1 if result == NUMBER else 2
    with pytest.raises(ValueError, match=re.escape(f"got: {values.shape}\n  expected: {wanted} dimension")):
        answer(values, scoring(N, result=result))


def test_pandas_series_get_their_types_back():
    """Where every value is null, pandas has forgotten what they were."""
    inputs = (
        N,
        Input(ArrayReader("list", 2), (1,), (1, 2)),
        Input(TextReader("text", 1, ("a",)), (2,), (3,)),
        Input(VectorReader("v", 3), (3, 4, 5, 6), (4, 5, 6)),
    )
    none = pd.Series([None, None], dtype=object)
    parts = of_pandas(scoring(*inputs), [pd.Series([NAN, NAN]), *[none] * 6])
    assert [part.type for part in parts] == [
        pa.float32(), pa.list_(pa.float32()), pa.string(),
        pa.int32(), pa.int32(), pa.list_(pa.int32()), pa.list_(pa.float32()),
    ]  # fmt: skip
    assert np.isnan(matrix(parts, scoring(*inputs))).all()


def test_it_travels_without_this_package(tmp_path):
    """Sent by value, it runs in a Python that cannot import the package."""
    import subprocess
    import sys

    for module in (scoring_worker, kinds):
        cloudpickle.register_pickle_by_value(module)
    try:
        sent = tmp_path / "sent"
        sent.write_bytes(cloudpickle.dumps((matrix, scoring(N), [pa.array([1.0, 2.0])])))
    finally:
        for module in (scoring_worker, kinds):
            cloudpickle.unregister_pickle_by_value(module)
    code = (
        "import sys, pickle\n"
        "sys.modules['airflow_spark_guard'] = None\n"
        "matrix, scoring, parts = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(matrix(parts, scoring).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(sent)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "[[1.0], [2.0]]\n", done.stderr
