"""A sample that is written and read again is the same, to the bit."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from airflow_spark_guard.job import Sample, SampleError
from airflow_spark_guard.job.collection import files
from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import Number
from airflow_spark_guard.job.collection.kinds.text import Text
from airflow_spark_guard.job.collection.kinds.vector import Vector
from airflow_spark_guard.job.collection.report import SampleReport

TEXTS = st.text(st.characters(codec="utf-8"), max_size=3)


def report(**named):
    return SampleReport(
        **{
            "rows_total": 9, "rows_read": 5, "rows_dropped": 1, "rows_taken": 3, "bytes": 36, "seconds": 0.5,
            "passes": ("count", "rows"), "seed": 2**62 + 1, "nulls": "nan", "missing": {"town": 1},
            "categories": {}, "warnings": ("one", "two"), **named,
        }
    )  # fmt: skip


@st.composite
def samples(draw):
    """Numbers, texts and arrays whose names clash, a label, strata, weights and parts of chance."""
    rows, width = draw(st.integers(0, 5)), draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    texts = tuple(sorted(draw(st.sets(TEXTS, min_size=1, max_size=4))))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    columns = Columns(
        (
            NumberArray("emb", "array<double>", None, width, {0: "emb_0"}),
            Text("emb_0", "string", texts if draw(st.booleans()) else None),
        ),
        draw(st.sampled_from([None, Number("emb_1", "int"), Text("t", "string")])),
    )
    x = rng.normal(size=(rows, width + 1)).astype(dtype)
    x[:, -1] = np.where(rng.random(rows) < 0.3, np.nan, rng.integers(0, len(texts), rows))
    categories = {"emb_0": texts}
    y = None
    if columns.label is not None:
        y = np.zeros(rows, dtype)
        categories |= {"t": ("only",)} if columns.label.categorical else {}
    strata = draw(
        st.sampled_from(
            [None, ["a", "a\0", None], [1, 2], [3, None], [True, False], [dt.date(2013, 1, 1), None]]
        )
    )
    labels = None
    if strata is not None:
        labels = np.array(strata, None if all(isinstance(s, int) for s in strata) else object)[
            rng.integers(0, len(strata), rows)
        ]
    names = tuple(name for column in columns.features for name in column.feature_names(column.width))
    made = report(
        categories=categories,
        label=columns.label and columns.label.name,
        strata_left_out=draw(st.sampled_from([(), ("a", None), (dt.date(2013, 1, 1), 7, True)])),
    )
    weights = rng.random(rows) if draw(st.booleans()) else None
    parts = np.array(["train"] * rows, object) if draw(st.booleans()) else None
    return Sample(x, y, names, made, labels, weights, parts, columns if draw(st.booleans()) else None)


def assert_same(one, other):
    for name in ("X", "y", "strata", "sample_weight", "parts"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None), name
        if first is not None:
            assert first.shape == second.shape
            assert first.dtype == second.dtype or not len(first)
            if first.dtype.kind == "f":
                np.testing.assert_array_equal(first.view("uint8"), second.view("uint8"))
            else:
                assert first.tolist() == second.tolist()
    assert one.feature_names == other.feature_names
    assert one.columns == other.columns
    for name in ("as_dict",):
        assert getattr(one.report, name)() == getattr(other.report, name)()
    assert one.report.categories == other.report.categories
    assert one.report.strata_left_out == other.report.strata_left_out
    assert one.report.label == other.report.label


@given(sample=samples())
@settings(derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_sample_comes_back_to_the_bit(sample, tmp_path):
    """Arrays, texts in the order of their codes, strata of every type, report and columns."""
    if sample.columns is None and "emb_0" in sample.feature_names[:1]:
        return  # names alone do not tell an element from a text column
    path = tmp_path / "sample.parquet"
    sample.save(path)
    loaded = Sample.load(str(path))
    assert_same(sample, loaded)
    assert loaded.X.flags.c_contiguous
    assert [entry.name for entry in tmp_path.iterdir()] == ["sample.parquet"]


@pytest.mark.parametrize("rows", [0, 3])
def test_a_sparse_sample_comes_back(rows, tmp_path):
    """With its label, its zeros that are stored, and rows without any value."""
    dense = np.array([[0, 2.5, 0], [0, 0, 0], [1, 0, 3]], "float32")[:rows]
    columns = Columns((Vector("v", "vector", None, 3),), Text("y", "string"))
    made = report(label="y", categories={"y": ("no", "yes")})
    y = np.array([1, 0, 1], "float32")[:rows]
    Sample(csr_array(dense), y, ("v_0", "v_1", "v_2"), made, columns=columns).save(tmp_path / "s")
    loaded = Sample.load(tmp_path / "s")
    np.testing.assert_array_equal(loaded.X.toarray(), dense)
    assert loaded.X.dtype == np.float32
    assert loaded.X.indices.dtype == np.int32
    assert loaded.y.tolist() == y.tolist()


def test_other_tools_can_read_the_file(tmp_path):
    """Names are the features', once each; texts are texts."""
    columns = Columns((NumberArray("a", "array<int>", None, 1), Text("a_0", "string")))
    x = np.array([[1, 0], [2, 1]], "float32")
    made = report(categories={"a_0": ("p", "q")})
    Sample(x, None, ("a_0", "a_0"), made, np.array(["u", "v"], object), columns=columns).save(
        tmp_path / "s.parquet"
    )
    table = pq.read_table(tmp_path / "s.parquet")
    assert table.to_pydict() == {"a_0": [1.0, 2.0], "a_0#2": ["p", "q"], "strata": ["u", "v"]}


def plain(path, metadata=None):
    pq.write_table(pa.table({"a": [1.0]}).replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda _: None, "No such file|not exist"),
        (lambda path: path.write_text("no parquet"), "Parquet"),
        (plain, "a Parquet file without a sample's report"),
        (lambda path: plain(path, {files._KEY: "{"}), "a report that cannot be read: JSONDecodeError"),
        (lambda path: plain(path, {files._KEY: "[1]"}), "a report that cannot be read: TypeError"),
        (lambda path: plain(path, {files._KEY: json.dumps({"version": 9})}), "version 9, where 1 is known"),
        (
            lambda path: plain(path, {files._KEY: json.dumps({"version": 1})}),
            "a report that cannot be read: KeyError",
        ),
    ],
)
def test_a_file_that_is_no_sample_is_refused(tmp_path, make, got):
    """Whatever is wrong with it, as one error with the path."""
    path = tmp_path / "file"
    make(path)
    with pytest.raises(SampleError, match="^This file is not a sample.\n") as caught:
        Sample.load(path)
    assert str(path) in caught.value.got
    import re

    assert re.search(got, caught.value.got)


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    """A folder that is not there; a place of another machine."""
    sample = Sample(np.zeros((1, 1), "float32"), None, ("a",), report())
    with pytest.raises(SampleError, match="^The sample cannot be saved there.\n  got: .*No such file"):
        sample.save(tmp_path / "none" / "s")
    for act in (sample.save, Sample.load):
        with pytest.raises(SampleError, match="^A sample is saved on this machine.\n  got: s3://bucket/s\n"):
            act("s3://bucket/s")
