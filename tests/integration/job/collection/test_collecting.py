"""collect_sample against Spark's own answers, on a real Spark."""

from __future__ import annotations

import datetime as dt
import inspect
import math
import re
from dataclasses import fields
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import types as t

from airflow_spark_guard.job import SampleError, Stratify, collect_sample
from airflow_spark_guard.job.collection import collector, passes
from airflow_spark_guard.job.collection.options import SampleOptions
from airflow_spark_guard.job.collection.strata import allocate

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::airflow_spark_guard.job.collection.errors.SampleWarning"),
]


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


def test_every_option_is_shown_as_an_argument():
    """With its default and its meaning, where Python shows those of any function; by name alone."""
    options = fields(SampleOptions)
    parameters = list(inspect.signature(collect_sample).parameters.values())
    assert [one.name for one in parameters] == ["df", "features", "label", *(one.name for one in options)]
    assert {one.kind for one in parameters[3:]} == {inspect.Parameter.KEYWORD_ONLY}
    assert parameters[3].default is inspect.Parameter.empty
    assert [one.default for one in parameters[4:]] == [one.default for one in options[1:]]
    described = re.findall(r"^ {4}(\w+): ", inspect.getdoc(collect_sample), re.MULTILINE)
    assert described == [*(one.name for one in parameters), "Sample", "SampleError"]


def test_an_argument_that_does_not_exist_is_refused_first():
    """Before anything is asked of the DataFrame."""
    with pytest.raises(TypeError, match="^collect_sample has no argument 'max_row'.\n"):
        collect_sample(None, "id", seed=1, max_row=5)


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
    monkeypatch.setattr(collector, "share_for", lambda rows, usable: 0.4 * rows / usable)
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
    with pytest.raises(SampleError, match=re.escape("v: 2 (of 4 rows drawn)")):
        collect_sample(frame, "v", seed=1)


def test_vectors_of_different_lengths_are_refused(spark):
    """Rows that do not fit together are an error, not a crooked matrix."""
    from pyspark.ml.linalg import Vectors

    rows = [(Vectors.dense([1, 2]),), (Vectors.dense([1, 2, 3]),)]
    frame = spark.createDataFrame(rows, ["v"]).coalesce(1)
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, "v", seed=1)
    assert str(caught.value) == (
        "The vectors of column 'v' differ in length.\n"
        "  got: lengths 2, 3\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every vector by the same step, or filter the others out before the call."
    )


def test_all_null_vectors_are_refused(spark):
    """Without one vector nobody knows how many features there are."""
    from pyspark.ml.linalg import VectorUDT
    from pyspark.sql.types import StructField, StructType

    frame = spark.createDataFrame([(None,)], StructType([StructField("v", VectorUDT())]))
    for nulls in ("error", "nan"):
        with pytest.raises(SampleError) as caught:
            collect_sample(frame, "v", seed=1, nulls=nulls)
        assert str(caught.value) == (
            "Column 'v' is null in every row.\n"
            "  got: 1 rows without a value\n"
            "  expected: at least one value: a feature without values has no information for a model\n"
            "  do: Look at the step that makes it, or take it out of the features."
        )
    with pytest.raises(SampleError, match="got: 1 rows, none of them complete; nulls in v: 1"):
        collect_sample(frame, "v", seed=1, nulls="drop")


def test_nulls_are_refused_by_column_and_count(holes):
    """The default names each column with its nulls, and the ways out."""
    with pytest.raises(SampleError) as caught:
        collect_sample(holes, ["a", "b"], "label", seed=1)
    assert str(caught.value) == (
        "There are nulls in the columns to collect.\n"
        "  got: a: 2, b: 3, label: 1 (of 10 rows drawn)\n"
        "  expected: a value in every row; NaN counts as null\n"
        "  do: Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...)."
    )


def test_dropped_rows_are_counted(holes):
    """nulls="drop" leaves out each row with a null in a feature or the label, once."""
    sample = collect_sample(holes, ["a", "b"], "label", seed=1, nulls="drop")
    np.testing.assert_array_equal(sample.y, [0, 3, 4, 7, 8])
    report = sample.report.as_dict()
    assert report.pop("seconds") > 0
    assert report == {
        "rows_total": 10,
        "rows_read": 10,
        "rows_dropped": 5,
        "rows_taken": 5,
        "bytes": 60,
        "seed": 1,
        "nulls": "drop",
        "passes": ["count", "rows"],
        "warnings": [],
        "missing": {"a": 2, "b": 3, "label": 1},
    }


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
    with pytest.raises(SampleError, match=r"nulls in the label\.\n  got: label: 1 \(of 10 rows drawn\)"):
        collect_sample(holes, ["a", "b"], "label", seed=1, nulls="nan")


def test_an_empty_source_is_refused(numbers, holes):
    """No rows, or none left, is an error that says which."""
    with pytest.raises(SampleError) as caught:
        collect_sample(numbers.where("id < 0"), ["id"], seed=1)
    assert str(caught.value) == (
        "No rows to sample.\n"
        "  got: an empty DataFrame\n"
        "  expected: at least one row\n"
        "  do: Look at the filters and the path of the source; nulls='nan' keeps rows with nulls."
    )
    with pytest.raises(SampleError) as caught:
        collect_sample(holes.where("b IS NULL"), ["b"], seed=1, nulls="drop")
    assert str(caught.value) == (
        "No rows to sample.\n"
        "  got: 3 rows, none of them complete; nulls in b: 3\n"
        "  expected: at least one row without a null, and with a weight above 0\n"
        "  do: Look at the filters and the path of the source; nulls='nan' keeps rows with nulls."
    )


@pytest.mark.parametrize(
    "options", [{"key": "id"}, {"stratify": "third"}, {"weight": "id"}, {"fraction": 0.5}]
)
def test_an_empty_source_is_refused_however_it_is_drawn(numbers, options):
    """The same error, by whichever pass it is found."""
    with pytest.raises(SampleError, match="^No rows to sample.\n  got: an empty DataFrame\n"):
        collect_sample(numbers.where("id < 0"), ["ratio"], seed=1, **options)


def test_a_column_of_nulls_is_refused_under_each_policy(spark):
    """Refused as nulls, without a complete row, or for having no value at all."""
    frame = spark.range(0, 6, 1, 2).selectExpr("id", "CAST(NULL AS DOUBLE) AS none")
    texts = {
        "error": "There are nulls in the columns to collect.\n  got: none: 6 (of 6 rows drawn)\n",
        "drop": "No rows to sample.\n  got: 6 rows, none of them complete; nulls in none: 6\n",
        "nan": (
            "Column 'none' is null in every row.\n"
            "  got: 6 rows without a value\n"
            "  expected: at least one value: a feature without values has no information for a model\n"
            "  do: Look at the step that makes it, or take it out of the features."
        ),
    }
    for nulls, text in texts.items():
        with pytest.raises(SampleError) as caught:
            collect_sample(frame, ["id", "none"], seed=1, nulls=nulls)
        assert str(caught.value).startswith(text)


def test_infinite_values_are_refused(spark):
    """By column and count, also those that the cast to float32 makes; float64 holds these."""
    frame = spark.range(0, 4, 1, 1).selectExpr(
        "id", "IF(id = 1, DOUBLE('-Infinity'), 1D) AS a", "IF(id > 1, 1e300, 2D) AS b", "array(b, 1D) AS c"
    )
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, ["a", "c"], "b", seed=1)
    assert str(caught.value) == (
        "There are infinite values in the columns to collect.\n"
        "  got: a: 1, c: 2, b: 2 (of 4 rows drawn)\n"
        "  expected: finite values, also after the cast to float32 (up to 3.4e38)\n"
        "  do: Filter them out or clip them before the call; dtype='float64' holds values up to 1.8e308."
    )
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, ["a"], "b", seed=1, dtype="float64", nulls="nan")
    assert str(caught.value) == (
        "There are infinite values in the columns to collect.\n"
        "  got: a: 1 (of 4 rows drawn)\n"
        "  expected: finite values\n"
        "  do: Filter them out or clip them before the call."
    )
    sample = collect_sample(frame, ["id", "c"], "b", seed=1, dtype="float64")
    np.testing.assert_array_equal(sample.y, [2, 2, 1e300, 1e300])


def test_arrays_of_different_lengths_are_refused(spark):
    """The column, the lengths and what to do."""
    frame = spark.range(0, 4, 1, 1).selectExpr("IF(id = 3, array(1, 2, 3), array(1, 2)) AS prices")
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, "prices", seed=1)
    assert str(caught.value) == (
        "The arrays of column 'prices' differ in length.\n"
        "  got: lengths 2, 3\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every array by the same step, or filter the others out before the call."
    )


@pytest.mark.parametrize(
    ("features", "label", "message"),
    [
        ([], None, "No features to collect.*do: Choose among the columns: id, ratio,"),
        (["id", "ratoi"], None, "has no column 'ratoi'.*do: Did you mean 'ratio'"),
        (["id"], "zzz", "has no column 'zzz'.*do: Correct the name"),
        (["id", "id"], None, "Column 'id' is asked for twice"),
        (["id"], "id", "The label 'id' is among the features"),
        ("blob", None, "Column 'blob' has a type that cannot become features.*got: blob: binary"),
        ("pair", None, "Column 'pair' has a type that cannot become features.*got: pair.text: string"),
        ("maps", None, "Column 'maps' has a type.*got: maps.element: map<int,int>"),
    ],
)
def test_unusable_columns_are_named(numbers, features, label, message):
    """Each wrong column is an error with its name and what to do."""
    frame = numbers.selectExpr(
        "*", "CAST(text AS BINARY) AS blob", "struct(id, text) AS pair", "array(map(1, 2)) AS maps"
    )
    with pytest.raises(SampleError, match=f"(?s)^{message}|^The DataFrame {message}"):
        collect_sample(frame, features, label, seed=1)


def test_text_and_dates_are_features_and_labels(numbers):
    """What the first version refused: text becomes codes in the order of the texts, a date its day."""
    sample = collect_sample(numbers.where("id < 12"), ["id", "text"], "day", seed=1)
    texts = sorted(str(i) for i in range(12))
    assert sample.report.categories == {"text": tuple(texts)}
    assert [texts[int(code)] for code in sample.X[:, 1]] == [str(i) for i in range(12)]
    assert set(sample.y) == {15706.0}
    assert sample.to_pandas()["text"].tolist() == [str(i) for i in range(12)]


def test_a_vector_stands_among_other_features(vectors):
    """Its values take their places between the other columns."""
    sample = collect_sample(vectors, ["label", "features"], seed=1)
    assert sample.feature_names == ("label", "features_0", "features_1", "features_2")
    odd = sample.X[sample.X[:, 0] % 2 == 1]
    np.testing.assert_array_equal(odd[:, 1], odd[:, 0])
    np.testing.assert_array_equal(odd[:, 3], -odd[:, 0])


def test_an_ambiguous_name_is_refused(numbers):
    """Two columns of one name, as a join leaves them, are told apart before Spark fails on them."""
    doubled = numbers.select("id", "ratio", numbers["ratio"])
    with pytest.raises(SampleError, match="several columns named 'ratio'"):
        collect_sample(doubled, ["id", "ratio"], seed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_rows": 0}, "This max_rows.*got: 0"),
        ({"max_rows": 2.5}, "This max_rows.*got: 2.5"),
        ({"max_rows": True}, "This max_rows.*got: True"),
        ({"seed": "x"}, "This seed.*got: 'x'"),
        ({"nulls": "ignore"}, "This nulls.*expected: one of: error, drop, nan"),
        ({"dtype": "int8"}, "This dtype.*expected: one of: float32, float64, auto"),
        ({"sparse": True}, "sparse=True takes one vector column.*got: id: bigint"),
        ({"fraction": 1.5}, "This fraction.*got: 1.5"),
        ({"max_bytes": 2.0}, "This max_bytes.*got: 2.0"),
        ({"stratify": "third", "weight": "id"}, "A sample is either stratified or weighted"),
        ({"categorical": {"id": ["a"]}}, "categorical names 'id', which is not a text column"),
        ({"key": "many"}, "Column 'many' cannot be the key.*got: map<int,bigint>"),
    ],
)
def test_wrong_arguments_are_named(spark, numbers, arguments, message):
    """Arguments are checked before Spark runs anything."""
    frame = numbers.selectExpr("*", "map(1, id) AS many")
    before = jobs(spark)
    with pytest.raises(SampleError, match=f"(?s)^{message}"):
        collect_sample(frame, ["id"], **{"seed": 1, **arguments})
    assert jobs(spark) == before


def jobs(spark):
    """The number of jobs that Spark has started so far; it hears of them a moment later."""
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup())


@pytest.mark.parametrize("options", [{"fraction": 0.9}, {"max_rows": 5000, "nulls": "drop"}])
def test_a_source_that_changes_between_the_passes_is_refused(numbers, monkeypatch, options):
    """A second pass without the rows that were counted is an error, never a shorter sample."""
    monkeypatch.setattr(passes.Passes, "believed_bytes", lambda _: None)
    monkeypatch.setattr(passes.Passes, "count", lambda _: 6000)
    with pytest.raises(SampleError) as caught:
        collect_sample(numbers.where("id < 4500"), ["id"], seed=1, **options)
    assert str(caught.value) == (
        "The source gave other rows when it was read again.\n"
        "  got: 4500 rows\n"
        f"  expected: at least {5400 if 'fraction' in options else 5000} rows, as counted before\n"
        "  do: Cache or write the DataFrame first: its plan is not deterministic, or its files changed."
    )


def test_a_sample_is_compared_with_its_source(numbers, tmp_path):
    """The report knows its sample: it compares, and draws the comparison."""
    sample = collect_sample(numbers, ["id", "ratio"], "target", max_rows=1000, seed=1)
    compared = sample.report.representativeness(numbers)
    assert compared.stands, str(compared)
    picture = tmp_path / "picture.svg"
    sample.report.plot(str(picture))
    assert picture.read_text().startswith("<?xml")


# Random tables against a plain oracle.

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)


def instant(rng):
    return dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(
        milliseconds=int(rng.integers(-(10**12), 10**12))
    )


# Spark's type; a value by chance; the number that it becomes.
PLAIN = {
    "byte": (t.ByteType(), lambda rng: int(rng.integers(-128, 128)), float),
    "short": (t.ShortType(), lambda rng: int(rng.integers(-(2**15), 2**15)), float),
    "int": (t.IntegerType(), lambda rng: int(rng.integers(-(2**31), 2**31)), float),
    "long": (t.LongType(), lambda rng: int(rng.integers(-(2**50), 2**50)), float),
    "float": (t.FloatType(), lambda rng: float(np.float32(rng.normal())), float),
    "double": (t.DoubleType(), lambda rng: float(rng.normal() * 1e6), float),
    "decimal": (
        t.DecimalType(12, 3),
        lambda rng: Decimal(int(rng.integers(-(10**9), 10**9))).scaleb(-3),
        float,
    ),
    "boolean": (t.BooleanType(), lambda rng: bool(rng.random() < 0.5), float),
    "date": (
        t.DateType(),
        lambda rng: dt.date(1960, 1, 1) + dt.timedelta(days=int(rng.integers(0, 30000))),
        lambda value: float((value - EPOCH.date()).days),
    ),
    "timestamp": (t.TimestampType(), instant, lambda value: value.timestamp()),
    "timestamp_ntz": (
        t.TimestampNTZType(),
        lambda rng: instant(rng).replace(tzinfo=None),
        lambda value: (value - EPOCH) / dt.timedelta(seconds=1),
    ),
    "text": (t.StringType(), lambda rng: str(rng.choice(["b", "a", "", "\u00e9t\u00e9", "zz"])), str),
}
ELEMENTS = {
    "ints": (t.LongType(), lambda rng: int(rng.integers(-9, 9)), float),
    "doubles": (t.DoubleType(), lambda rng: float(rng.integers(-9, 9)) / 2, float),
    "days": PLAIN["date"],
    "clocks": PLAIN["timestamp_ntz"],
}
WIDE = ("ints", "doubles", "days", "clocks", "dense", "sparse", "mixed", "known", "promised")


def wide(kind, width):
    """Spark's type, metadata, a value by chance with a null or NaN inside now and then, and its numbers."""
    from pyspark.ml.linalg import DenseVector, SparseVector, VectorUDT

    def inside(rng, none):
        values = [float(rng.integers(-9, 9)) / 2 for _ in range(width)]
        if rng.random() < 0.05:
            values[int(rng.integers(width))] = none
        return values

    if kind in ELEMENTS:
        data_type, chance, number = ELEMENTS[kind]

        def array(rng):
            values = [chance(rng) for _ in range(width)]
            if rng.random() < 0.05:
                values[int(rng.integers(width))] = None
            return values

        return (
            t.ArrayType(data_type),
            {},
            array,
            lambda value: [np.nan if v is None else number(v) for v in value],
        )

    def vector(rng):
        values = inside(rng, float("nan"))
        if kind in ("dense", "promised") or (kind in ("mixed", "known") and rng.random() < 0.7):
            return DenseVector(values)
        stored = sorted(int(i) for i in rng.choice(width, int(rng.integers(0, width + 1)), replace=False))
        return SparseVector(width, stored, [values[i] for i in stored])

    metadata = {"ml_attr": {"num_attrs": width}} if kind in ("known", "promised") else {}
    return VectorUDT(), metadata, vector, lambda value: list(value.toArray())


@st.composite
def tables(draw):
    """Columns of chance, rows of chance with nulls and NaN, and how Spark holds them."""
    kinds = draw(st.lists(st.sampled_from([*PLAIN, *WIDE]), min_size=1, max_size=5))
    label = draw(st.sampled_from([None, *PLAIN]))
    rows = draw(st.sampled_from([0, 1, 2, 7, 50, 301, 400]))
    holes = draw(st.sampled_from([0.0, 0.0, 0.02, 0.3]))
    return Table(kinds, label, rows, holes, draw(st.integers(0, 2**32)), draw(st.integers(1, 4)))


class Table:
    """Rows as Python holds them, as Spark does, and as arrays should."""

    def __init__(self, kinds, label, rows, holes, seed, width):
        self.kinds, self.label, self.holes, self.width = kinds, label, holes, width
        rng = np.random.default_rng(seed)
        fields, made = [t.StructField("id", t.IntegerType())], [[*range(rows)]]
        self.values = [lambda value: [float(value)]]
        for i, kind in enumerate([*kinds, *([] if label is None else [label])]):
            if kind in PLAIN:
                data_type, chance, number = PLAIN[kind]
                metadata = {}
                self.values.append(lambda value, number=number: [number(value)])
            else:
                data_type, metadata, chance, numbers = wide(kind, width)
                self.values.append(numbers)
            fields.append(t.StructField(f"c{i}", data_type, metadata=metadata))
            made.append(
                [None if rng.random() < holes else self.maybe_nan(rng, kind, chance) for _ in range(rows)]
            )
        self.schema = t.StructType(fields)
        self.rows = list(zip(*made, strict=True))
        self.features = ["id", *(f"c{i}" for i in range(len(kinds)))]
        self.answer = None if label is None else f"c{len(kinds)}"

    def __repr__(self):
        return f"Table({self.kinds}, {self.label}, {len(self.rows)} rows, holes={self.holes}, width={self.width})"

    def maybe_nan(self, rng, kind, chance):
        return float("nan") if kind in ("float", "double") and rng.random() < self.holes else chance(rng)

    def frame(self, spark, partitions):
        """As Spark got it, or dealt out anew; more partitions than rows are empty ones."""
        made = spark.createDataFrame(self.rows, self.schema)
        return (
            made
            if partitions is None
            else made.coalesce(1)
            if partitions == 1
            else made.repartition(partitions)
        )

    def cells(self, at):
        """The cells of a row: lists of numbers or texts, of NaN for a null."""
        widths = [
            1 if kind in PLAIN else self.width
            for kind in ["boolean", *self.kinds, *([self.label] * (self.label is not None))]
        ]
        return [
            [np.nan] * width if value is None else values(value)
            for value, values, width in zip(self.rows[at], self.values, widths, strict=True)
        ]

    def missing(self, at):
        """Whether something is missing in each column of a row."""
        return [
            any(isinstance(value, float) and math.isnan(value) for value in cell) for cell in self.cells(at)
        ]

    def expected(self, taken, dtype):
        """X and y of these rows, and the texts of text columns."""
        columns, categories = [], {}
        cells = [self.cells(at) for at in taken]
        for i, field in enumerate(self.schema):
            column = [row[i] for row in cells]
            if isinstance(field.dataType, t.StringType):
                texts = sorted({value for (value,) in column if isinstance(value, str)})
                categories[field.name] = tuple(texts)
                column = [[texts.index(value) if isinstance(value, str) else np.nan] for (value,) in column]
            columns.append(np.array(column, dtype="float64").astype(dtype))
        y = columns.pop()[:, 0] if self.answer else None
        return np.hstack(columns), y, categories

    def refusal(self, nulls, among):
        """Whether these rows must be refused under the policy."""
        missing = [self.missing(at) for at in among]
        if not missing or nulls == "error":
            return not missing or any(any(row) for row in missing)
        if nulls == "drop":
            return all(any(row) for row in missing)
        nameless = [all(self.rows[at][i] is None for at in among) for i in range(len(self.schema))]
        empty = [all(row[i] for row in missing) for i in range(len(self.schema))]
        return any(empty) or any(nameless) or (self.answer is not None and any(row[-1] for row in missing))


def collected(*arguments, **options):
    """The sample, or None where it is refused."""
    try:
        return collect_sample(*arguments, **options)
    except SampleError:
        return None


@given(
    table=tables(),
    nulls=st.sampled_from(["error", "drop", "nan"]),
    dtype=st.sampled_from(["float32", "float64"]),
    part=st.sampled_from([0.02, 0.3, 0.9, 1.0, 2.0]),
    partitions=st.sampled_from([None, 1, 3, 9]),
    key=st.sampled_from([None, "id", "c0"]),
)
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_table_comes_as_its_rows_say(spark, table, nulls, dtype, part, partitions, key):
    """Right values in the right places, exactly as many rows as there should be, none twice, or the right refusal."""
    if key == "c0" and table.kinds[0] in WIDE:
        key = "id"
    count = len(table.rows)
    max_rows = max(1, int(part * count))
    complete = [at for at in range(count) if not any(table.missing(at))]
    sample = collected(
        table.frame(spark, partitions),
        table.features,
        table.answer,
        seed=11,
        max_rows=max_rows,
        dtype=dtype,
        nulls=nulls,
        key=key,
    )
    if sample is None:
        # A draw of a part may miss the invalid values or hit them; the whole is refused for certain.
        assert len(complete) < count or not count
        assert max_rows < count or table.refusal(nulls, range(count))
        return
    assert max_rows < count or not table.refusal(nulls, range(count))
    taken = sample.X[:, 0].astype(int).tolist()
    assert len(set(taken)) == len(taken) == min(max_rows, len(complete) if nulls == "drop" else count)
    assert nulls == "nan" or set(taken) <= set(complete)
    x, y, categories = table.expected(taken, dtype)
    np.testing.assert_array_equal(sample.X, x)
    assert sample.X.dtype == np.dtype(dtype)
    assert sample.X.flags.c_contiguous
    if y is None:
        assert sample.y is None
    else:
        np.testing.assert_array_equal(sample.y, y)
    assert sample.report.categories == categories
    assert len(sample.feature_names) == sample.X.shape[1]
    assert sample.report.rows_total == count
    assert sample.report.rows_taken == len(taken)
    if key is None and partitions in (None, 1):
        assert taken == sorted(taken)


@given(
    table=tables(),
    nulls=st.sampled_from(["drop", "nan"]),
    part=st.sampled_from([0.1, 0.5, 1.0]),
    key=st.sampled_from(["id", "c0", "both"]),
    total=st.sampled_from([None, 0.1, 5.0]),
)
@settings(max_examples=18, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_key_brings_the_same_rows_in_the_same_order(spark, table, nulls, part, key, total):
    """To the bit, however the rows lie, also with keys that repeat or are null, and with a wrong total."""
    keys = ["id"] if key == "id" or table.kinds[0] in WIDE else ["c0"] if key == "c0" else ["c0", "id"]
    outcomes = []
    for partitions, told in ((None, None), (7, total), (1, None)):
        options = {} if told is None else {"total_rows": int(told * len(table.rows))}
        frame = table.frame(spark, partitions)
        sample = collected(
            frame if partitions is None else frame.orderBy(frame["id"].desc()),
            table.features,
            table.answer,
            seed=5,
            max_rows=max(1, int(part * len(table.rows))),
            nulls=nulls,
            key=keys,
            **options,
        )
        outcomes.append(sample)
    first = outcomes[0]
    # What was read beside the sample is never looked at: refused in one way of reading, refused in each.
    assert len({sample is None for sample in outcomes}) == 1
    for other in outcomes[1:] if first is not None else []:
        np.testing.assert_array_equal(other.X, first.X)
        np.testing.assert_array_equal(other.X.view("uint32"), first.X.view("uint32"))
        assert (other.y is None) == (first.y is None)
        if first.y is not None:
            np.testing.assert_array_equal(other.y, first.y)
        assert other.report.categories == first.report.categories


@given(
    table=tables(),
    allocation=st.sampled_from(["proportional", "balanced"]),
    at_least=st.sampled_from([0, 1]),
    part=st.sampled_from([0.05, 0.5, 1.0]),
    key=st.sampled_from([None, "id"]),
)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_strata_of_any_table_are_those_of_its_complete_rows(spark, table, allocation, at_least, part, key):
    """With nulls anywhere, inside arrays and vectors too: exactly as allocated, weights that add up, all named."""
    from pyspark.sql import functions as sf

    names = ["a", "a\0", None, "b"]
    complete = [at for at in range(len(table.rows)) if not any(table.missing(at))]
    present = {names[at % 4] for at in range(len(table.rows))}
    counts = {name: sum(names[at % 4] == name for at in complete) for name in ["a", "a\0", "b", None]}
    counts = {name: count for name, count in counts.items() if count}
    max_rows = max(4, int(part * len(complete)))
    frame = table.frame(spark, 3)
    stratum = sf.element_at(sf.array(*map(sf.lit, names)), sf.pmod("id", sf.lit(4)).cast("int") + 1)
    how = Stratify("s", allocation, at_least=at_least)
    sample = collected(
        frame.withColumn("s", stratum), table.features, table.answer, seed=3, nulls="drop", stratify=how,
        max_rows=max_rows, key=key, dtype="float64",
    )  # fmt: skip
    if not complete:
        assert sample is None
        return
    found = sample.strata.tolist()
    expected = allocate(counts, min(max_rows, len(complete)), how)
    assert {name: found.count(name) for name in counts} == expected
    taken = sample.X[:, 0].astype(int)
    assert set(taken) <= set(complete)
    assert found == [names[at % 4] for at in taken]
    assert sample.sample_weight.sum() == pytest.approx(sum(counts[name] for name in set(found)))
    assert set(sample.report.strata_left_out) == present - set(found)
    assert bool(sample.report.strata_left_out) == any(
        "strata of 's'" in text for text in sample.report.warnings
    )
