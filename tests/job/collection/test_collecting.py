"""collect_sample against Spark's own answers, on a real Spark."""

from __future__ import annotations

import logging
import re
import sys
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from airflow_spark_guard.job import SampleError, Stratify, collect_sample
from airflow_spark_guard.job.collection import collector, draw

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.pyspark.python", sys.executable)
        # Small batches, so that a few thousand rows make many of them.
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "300")
        .getOrCreate()
    )
    yield session
    session.stop()
    # py4j says goodbye when the interpreter ends, to a stream that pytest has closed by then.
    logging.getLogger("py4j").setLevel(logging.WARNING)


@pytest.fixture(scope="module")
def numbers(spark):
    """5,000 rows in 4 partitions: id, a double, a boolean, a decimal and a label."""
    return spark.range(0, 5000, 1, 4).selectExpr(
        "id",
        "id / 7.0D AS ratio",
        "id % 3 = 0 AS third",
        "CAST(id * 0.25 AS DECIMAL(12, 2)) AS price",
        "CAST(id * 2 AS INT) AS target",
        "CAST(id AS STRING) AS text",
        "DATE'2013-01-01' AS day",
    )


@pytest.fixture(scope="module")
def holes(spark):
    """Ten rows: ``a`` is null in two, ``b`` in three (one of them shared), the label in one."""
    rows = [
        (None if i in (1, 2) else float(i), None if i in (2, 5, 6) else i, None if i == 9 else float(i))
        for i in range(10)
    ]
    return spark.createDataFrame(rows, "a double, b int, label double")


@pytest.fixture(scope="module")
def vectors(spark):
    """40 rows of dense and sparse vectors of length 3, mixed, and the row's number as label."""
    from pyspark.ml.linalg import Vectors

    rows = [
        (Vectors.dense([i, i + 0.5, -i]) if i % 2 else Vectors.sparse(3, [1], [float(i)]), i)
        for i in range(40)
    ]
    return spark.createDataFrame(rows, ["features", "label"])


def test_all_rows_equal_what_pandas_gets(numbers):
    """With fewer rows than max_rows every row comes, in the source's order, with the values of toPandas."""
    features = ["id", "ratio", "third", "price"]
    sample = collect_sample(numbers, features, "target", seed=1)
    frame = numbers.toPandas()
    np.testing.assert_array_equal(sample.X, frame[features].astype("float32").to_numpy())
    np.testing.assert_array_equal(sample.y, frame["target"].to_numpy("float32"))
    assert sample.feature_names == tuple(features)
    assert sample.report.rows_total == sample.report.rows_taken == 5000


def test_arrays_are_contiguous_and_of_the_dtype_asked_for(numbers):
    """X is one C-contiguous block; float64 holds what float32 rounds."""
    for dtype in ("float32", "float64"):
        sample = collect_sample(numbers, ["ratio", "id"], "target", max_rows=700, seed=3, dtype=dtype)
        assert sample.X.flags.c_contiguous
        assert sample.y.flags.c_contiguous
        assert sample.X.dtype == sample.y.dtype == np.dtype(dtype)
        assert sample.report.bytes == 700 * 3 * np.dtype(dtype).itemsize
    np.testing.assert_array_equal(sample.X[:, 0], sample.X[:, 1] / 7.0)


@pytest.mark.parametrize("rows", [1, 2, 299, 300, 301, 1234, 4999, 5000])
def test_exactly_max_rows_come_without_repetition(numbers, rows):
    """The size is exact, no row comes twice, and feature and label stay together."""
    sample = collect_sample(numbers, ["id"], "target", max_rows=rows, seed=5)
    ids = sample.X[:, 0].astype(int)
    assert sample.X.shape == (rows, 1)
    assert len(set(ids)) == rows
    assert (np.diff(ids) > 0).all()
    np.testing.assert_array_equal(sample.y, ids * 2)


def test_the_seed_decides(numbers):
    """The same seed draws the same rows, another seed draws others."""
    drawn = [collect_sample(numbers, ["id"], max_rows=500, seed=seed).X[:, 0] for seed in (7, 7, 8)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_the_sample_is_uniform(numbers):
    """Over 20 fixed seeds each tenth of the source gets its share: chi-square below its 99.9 % point."""
    counts = np.zeros(10)
    for seed in range(20):
        ids = collect_sample(numbers, ["id"], max_rows=400, seed=seed).X[:, 0]
        counts += np.histogram(ids, bins=10, range=(0, 5000))[0]
    assert ((counts - 800) ** 2 / 800).sum() < 27.9


def test_a_short_draw_is_repeated_and_gives_the_same_rows(numbers, monkeypatch):
    """When the first draw falls short the second asks for more; the rows are those of a lucky first one."""
    expected = collect_sample(numbers, ["id"], max_rows=500, seed=2).X
    monkeypatch.setattr(collect, "_fraction", lambda rows, usable: 0.4 * rows / usable)
    np.testing.assert_array_equal(collect_sample(numbers, ["id"], max_rows=500, seed=2).X, expected)


def test_without_a_label_there_is_no_y(numbers):
    """label=None gives y None, and the bytes of X alone."""
    sample = collect_sample(numbers, ["id", "ratio"], max_rows=10, seed=1)
    assert sample.y is None
    assert sample.report.bytes == 10 * 2 * 4


def test_one_name_means_one_feature(numbers):
    """A plain column given as text is a matrix of one column."""
    sample = collect_sample(numbers, "third", max_rows=10, seed=1)
    assert sample.X.shape == (10, 1)
    assert set(np.unique(sample.X)) <= {0.0, 1.0}


def test_decimals_and_booleans_become_floats(spark):
    """A decimal keeps its value, true is 1 and false is 0."""
    frame = spark.createDataFrame(
        [(Decimal("1.25"), True), (Decimal("-3.50"), False)], "p decimal(9,2), t boolean"
    )
    np.testing.assert_array_equal(collect_sample(frame, ["p", "t"], seed=1).X, [[1.25, 1.0], [-3.5, 0.0]])


def test_names_may_hold_dots_and_backticks(spark):
    """A dot in a name is part of it; the source may call its own columns x, y and r."""
    frame = spark.createDataFrame([(float(i), 2.0 * i, i, i) for i in range(50)], ["a.b", "c`d", "r", "y"])
    sample = collect_sample(frame, ["a.b", "c`d", "r"], "y", max_rows=20, seed=1)
    np.testing.assert_array_equal(sample.X[:, 1], 2 * sample.X[:, 0])
    np.testing.assert_array_equal(sample.X[:, 2], sample.y)


def test_vectors_dense_and_sparse_come_dense(vectors):
    """A vector column equals toArray() row by row; without metadata the features are numbered."""
    sample = collect_sample(vectors, "features", "label", seed=1)
    expected = np.array([row.features.toArray() for row in vectors.collect()], dtype="float32")
    np.testing.assert_array_equal(sample.X, expected)
    np.testing.assert_array_equal(sample.y, np.arange(40))
    assert sample.feature_names == ("features_0", "features_1", "features_2")
    assert sample.X.flags.c_contiguous


def test_a_vector_column_is_sampled_like_any_other(vectors):
    """The exact size holds for vectors, given as text or as a list of one."""
    for features in ("features", ["features"]):
        sample = collect_sample(vectors, features, "label", max_rows=11, seed=4, dtype="float64")
        assert sample.X.shape == (11, 3)
        odd = sample.y % 2 == 1
        np.testing.assert_array_equal(sample.X[odd, 1], sample.y[odd] + 0.5)


def test_vector_features_are_named_by_their_metadata(numbers):
    """VectorAssembler's names come along, also through a draw."""
    from pyspark.ml.feature import VectorAssembler

    frame = VectorAssembler(inputCols=["id", "ratio"], outputCol="v").transform(numbers)
    sample = collect_sample(frame, "v", max_rows=100, seed=1)
    assert sample.feature_names == ("id", "ratio")
    np.testing.assert_allclose(sample.X[:, 0], sample.X[:, 1] * 7, rtol=1e-6)


def test_null_vectors_become_rows_of_nan_or_are_dropped(spark):
    """nulls="nan" keeps the row, nulls="drop" counts it, nulls="error" names the column."""
    from pyspark.ml.linalg import Vectors, VectorUDT
    from pyspark.sql.types import StructField, StructType

    schema = StructType([StructField("v", VectorUDT())])
    rows = [(None,), (Vectors.dense([1, 2]),), (None,), (Vectors.sparse(2, [0], [3.0]),)]
    frame = spark.createDataFrame(rows, schema).coalesce(1)
    nan = np.nan
    expected = [[nan, nan], [1, 2], [nan, nan], [3, 0]]
    np.testing.assert_array_equal(collect_sample(frame, "v", seed=1, nulls="nan").X, expected)
    dropped = collect_sample(frame, "v", seed=1, nulls="drop")
    np.testing.assert_array_equal(dropped.X, [[1, 2], [3, 0]])
    assert dropped.report.rows_dropped == 2
    with pytest.raises(SampleError, match=re.escape("v: 2 (of 4 rows)")):
        collect_sample(frame, "v", seed=1)


def test_vectors_of_different_lengths_are_refused(spark):
    """Rows that do not fit together are an error, not a crooked matrix."""
    from pyspark.ml.linalg import Vectors

    frame = spark.createDataFrame([(Vectors.dense([1, 2]),), (Vectors.dense([1, 2, 3]),)], ["v"])
    with pytest.raises(SampleError, match="The vectors differ in length"):
        collect_sample(frame, "v", seed=1)


def test_all_null_vectors_are_refused(spark):
    """Without one vector nobody knows how many features there are."""
    from pyspark.ml.linalg import VectorUDT
    from pyspark.sql.types import StructField, StructType

    frame = spark.createDataFrame([(None,)], StructType([StructField("v", VectorUDT())]))
    with pytest.raises(SampleError, match="Every vector of the sample is null"):
        collect_sample(frame, "v", seed=1, nulls="nan")


def test_nulls_are_refused_by_column_and_count(holes):
    """The default names each column with its nulls, and the ways out."""
    with pytest.raises(SampleError) as caught:
        collect_sample(holes, ["a", "b"], "label", seed=1)
    assert str(caught.value) == (
        "There are nulls in the columns to collect.\n"
        "  got: a: 2, b: 3, label: 1 (of 10 rows)\n"
        "  expected: a value in every row\n"
        "  do: Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...)."
    )


def test_dropped_rows_are_counted(holes):
    """nulls="drop" leaves out each row with a null in a feature or the label, once."""
    sample = collect_sample(holes, ["a", "b"], "label", seed=1, nulls="drop")
    np.testing.assert_array_equal(sample.y, [0, 3, 4, 7, 8])
    report = sample.report.as_dict()
    assert report.pop("seconds") > 0
    assert report == {"rows_total": 10, "rows_dropped": 5, "rows_taken": 5, "bytes": 60}


def test_dropping_and_drawing_go_together(holes):
    """max_rows counts the rows that are left."""
    sample = collect_sample(holes, ["a", "b"], "label", max_rows=4, seed=1, nulls="drop")
    assert sample.report.rows_taken == 4
    assert not np.isnan(sample.X).any()


def test_null_features_become_nan(holes):
    """nulls="nan" keeps every row; a null in a whole-number column is NaN as well."""
    sample = collect_sample(holes, ["a", "b"], seed=1, nulls="nan")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(sample.X[:, 0])), [1, 2])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(sample.X[:, 1])), [2, 5, 6])
    assert sample.report.rows_dropped == 0


def test_a_null_label_is_refused_even_with_nan(holes):
    """No model learns from a missing answer; the message says how to leave those rows out."""
    with pytest.raises(SampleError, match=r"nulls in the label\.\n  got: label: 1 \(of 10 rows\)"):
        collect_sample(holes, ["a", "b"], "label", seed=1, nulls="nan")


def test_an_empty_source_is_refused(numbers, holes):
    """No rows, or none left, is an error that says which."""
    with pytest.raises(SampleError, match="got: an empty DataFrame"):
        collect_sample(numbers.where("id < 0"), ["id"], seed=1)
    with pytest.raises(SampleError, match="got: 3 rows, each with a null"):
        collect_sample(holes.where("b IS NULL"), ["b"], seed=1, nulls="drop")


@pytest.mark.parametrize(
    ("features", "label", "message"),
    [
        ([], None, "There are no features to collect."),
        (["id", "ratoi"], None, "has no column 'ratoi'.*do: Did you mean 'ratio'"),
        (["id"], "zzz", "has no column 'zzz'.*do: Correct the name"),
        (["id", "text"], None, "Column 'text' is not numeric.*got: string.*StringIndexer"),
        (["id"], "day", "Column 'day' is not numeric.*got: date.*dayofweek"),
        (["id", "id"], None, "Column 'id' is asked for twice"),
        (["id"], "id", "Column 'id' is asked for twice.*label among the features"),
    ],
)
def test_unusable_columns_are_named(numbers, features, label, message):
    """Each wrong column is an error with its name and what to do."""
    with pytest.raises(SampleError, match=f"(?s){message}"):
        collect_sample(numbers, features, label, seed=1)


def test_a_vector_among_other_features_is_refused(vectors):
    """A vector comes alone; the message says how to join it with others."""
    with pytest.raises(
        SampleError, match=r"(?s)Column 'features' is not numeric.*got: vector.*VectorAssembler"
    ):
        collect_sample(vectors, ["features", "label"], seed=1)


def test_an_ambiguous_name_is_refused(numbers):
    """Two columns of one name, as a join leaves them, are told apart before Spark fails on them."""
    doubled = numbers.select("id", "ratio", numbers["ratio"])
    with pytest.raises(SampleError, match="several columns named 'ratio'"):
        collect_sample(doubled, ["id", "ratio"], seed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_rows": 0}, "this max_rows.*got: 0"),
        ({"max_rows": 2.5}, "this max_rows.*got: 2.5"),
        ({"max_rows": True}, "this max_rows.*got: True"),
        ({"seed": "x"}, "this seed.*got: 'x'"),
        ({"nulls": "ignore"}, "this nulls.*expected: one of: error, drop, nan"),
        ({"dtype": "int8"}, "this dtype.*expected: one of: float32, float64"),
    ],
)
def test_wrong_arguments_are_named(numbers, arguments, message):
    """Arguments are checked before Spark runs anything."""
    with pytest.raises(SampleError, match=f"(?s){message}"):
        collect_sample(numbers, ["id"], **{"seed": 1, **arguments})


@pytest.mark.parametrize("max_rows", [5001, 4900])
def test_a_source_that_changes_between_the_passes_is_refused(numbers, monkeypatch, max_rows):
    """A second pass without the rows that were counted is an error, never a shorter sample."""
    monkeypatch.setattr(collect, "_count", lambda *_: (6000, 6000 if max_rows < 5000 else 5001))
    frame = numbers.where("id < 4500")
    with pytest.raises(SampleError, match="gave other rows when it was read again"):
        collect_sample(frame, ["id"], max_rows=max_rows, seed=1)


def test_spark_35_without_to_arrow_reads_the_same_batches(numbers):
    """The way used where toArrow does not exist gives the same rows."""
    older = SimpleNamespace(_collect_as_arrow=numbers.select("id")._collect_as_arrow)
    assert sum(batch.num_rows for batch in collect._record_batches(older)) == 5000


def test_slices_of_arrow_lists_keep_their_own_values():
    """Offsets decide which values a sliced list array holds, with and without nulls."""
    import pyarrow as pa

    lists = pa.array([[1, 2], [3, 4], None, [5, 6], [7, 8]], pa.list_(pa.float32()))
    np.testing.assert_array_equal(matrix._matrix(lists[3:], 2, "float32"), [[5, 6], [7, 8]])
    np.testing.assert_array_equal(
        matrix._matrix(lists[1:4], 2, "float32"), [[3, 4], [np.nan, np.nan], [5, 6]]
    )
