"""What columns of every kind have in common."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyspark import cloudpickle
from sklearn.linear_model import LinearRegression

from airflow_spark_guard.job import collect_sample, predict
from airflow_spark_guard.job.collection import columns, kinds
from airflow_spark_guard.job.collection.columns import KINDS, check_columns
from airflow_spark_guard.job.collection.kinds.base import quoted
from airflow_spark_guard.job.collection.kinds.number import Number


@pytest.mark.spark
def test_a_row_is_set_where_it_has_a_value(spark):
    """Neither null nor NaN, and among the categories where they are given."""
    frame = spark.createDataFrame(
        [(1.0, 1, "x"), (float("nan"), 2, "y"), (None, None, None)], "a double, `b.c` int, s string"
    ).coalesce(1)
    columns = check_columns(frame.schema, ["a", "b.c", "s"])
    known = check_columns(frame.schema, "s", None, {"s": ["x"]})
    found = frame.select(*(column.is_set() for column in (*columns.features, *known.features))).collect()
    assert [tuple(bool(value) for value in row) for row in found] == [
        (True, True, True, True),
        (False, True, True, False),
        (False, False, False, False),
    ]


def test_names_are_quoted():
    """A dot is part of a name, and so is a backtick."""
    assert quoted("a.b`c") == "`a.b``c`"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_complete(kind):
    """Each has what reads it, a name of its own, and as many fields as types, and sends one column for each."""
    column = kind("a", "int", None, 2 if kind.several else 1)
    reader = column.reader()
    assert isinstance(reader, kind.reads)
    assert len(reader.fields) == len(reader.arrow_types(pa.float32())) == len(column.parts("float"))
    assert [sql.rpartition(" AS ")[2] for sql in column.sql(3, "float", unrolled=False)] == [
        f"{name}_3" for name in reader.fields
    ]
    assert len({kind.reads.kind for kind in KINDS}) == len(KINDS)
    assert column.feature_names(2) == (("a_0", "a_1") if kind.several else ("a",))


@pytest.mark.parametrize("kind", KINDS)
def test_a_width_that_is_known_is_the_readers(kind):
    """That of the column, or one that was found out since; 0 too."""
    column = replace(kind("a", "int"), width=None)
    assert column.reader().width is None
    assert column.reader(0).width == 0
    assert replace(column, width=4).reader().width == 4


def test_readers_travel_without_this_package(tmp_path):
    """Sent by value, they run in a Python that cannot import the package."""
    readers = [kind("a", "int", ("x", "y"), 1).reader() for kind in KINDS]
    batches = {
        "number": [pa.array([1.5, None])],
        "text": [pa.array(["y", None])],
        "array": [pa.array([[1.5], None])],
        "vector": [
            pa.array([1, 0], pa.int8()),
            pa.array([None, 1], pa.int32()),
            pa.array([None, [0]], pa.list_(pa.int32())),
            pa.array([[1.5], [2.5]]),
        ],
    }
    cloudpickle.register_pickle_by_value(kinds)
    try:
        sent = tmp_path / "sent"
        sent.write_bytes(cloudpickle.dumps((readers, batches)))
    finally:
        cloudpickle.unregister_pickle_by_value(kinds)
    code = (
        "import sys, pickle\n"
        "sys.modules['airflow_spark_guard'] = None\n"
        "readers, batches = pickle.load(open(sys.argv[1], 'rb'))\n"
        "for reader in readers:\n"
        "    arrays = batches[reader.kind]\n"
        "    print(reader.kind, reader.lengths(arrays).tolist(), reader.rows(arrays, 'float32').tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(sent)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == [
        "number [] [[1.5], [nan]]",
        "text [] [[1.0], [nan]]",
        "array [1, -1] [[1.5], [nan]]",
        "vector [1, 1] [[1.5], [2.5]]",
    ], done.stderr


class Interval(Number):
    """A kind that the package does not have: an interval as seconds."""

    @classmethod
    def takes(cls, data_type):
        return type(data_type).__name__ == "DayTimeIntervalType"

    def parts(self, spark_type):
        units = {"DAY": 86_400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
        seconds = (f"extract({unit} FROM {quoted(self.name)}) * {factor}" for unit, factor in units.items())
        return [f"CAST({' + '.join(seconds)} AS {spark_type})"]


@pytest.mark.spark
def test_a_new_kind_is_one_class(spark, monkeypatch):
    """With a place among the others it is collected, compared with its source and scored."""
    monkeypatch.setattr(columns, "KINDS", (*KINDS, Interval))
    frame = spark.sql("SELECT id, id * INTERVAL '1 02:00:03' DAY TO SECOND AS wait FROM range(50)")
    sample = collect_sample(frame, "wait", "id", seed=1, nulls="drop")
    seconds = np.arange(50) * 93_603.0
    np.testing.assert_array_equal(sample.X.ravel(), seconds.astype("float32"))
    assert sample.report.representativeness(frame).stands
    model = LinearRegression().fit(sample.X, sample.y)
    scored = predict(model, frame, "wait").orderBy("id").toArrow()["prediction"].to_numpy()
    np.testing.assert_allclose(scored, np.arange(50), atol=0.01)
