"""iter_batches against collect_sample and Spark's own answers, on a real Spark."""

from __future__ import annotations

import inspect
import re
import time
import warnings

import numpy as np
import pytest
from pyspark.errors import PySparkException
from scipy.sparse import csr_array, vstack

from airflow_spark_guard.job import Batch, SampleError, collect_sample, iter_batches
from airflow_spark_guard.job.collection.errors import SampleWarning

pytestmark = pytest.mark.spark

# The conftest's session makes Arrow batches of 300 rows, so that a partition of 500 has two.
ROWS, PARTITION = 2000, 500


@pytest.fixture(scope="module")
def table(spark):
    """2,000 rows in 4 partitions of 500 with every kind of column but vectors."""
    return spark.range(0, ROWS, 1, 4).selectExpr(
        "id",
        "id / 7.0D AS ratio",
        "id % 3 = 0 AS third",
        "CAST(id * 0.25 AS DECIMAL(12, 2)) AS price",
        "DATE'2013-01-01' + CAST(id % 300 AS INT) AS day",
        "CONCAT('t', id % 11) AS text",
        "ELT(1 + id % 3, 'early', 'late', 'on time') AS state",
        "array(id, -id, id % 7) AS list",
        "CAST(id * 2 AS INT) AS target",
    )


@pytest.fixture(scope="module")
def assembled(table):
    """Dense and sparse vectors of width 3, as VectorAssembler makes and names them."""
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import functions as sf

    zeros = table.withColumn("zero", sf.expr("IF(id % 2 = 0, 0D, id)")).withColumn("nil", sf.expr("id * 0"))
    return VectorAssembler(inputCols=["nil", "zero", "target"], outputCol="v").transform(zeros)


@pytest.fixture(scope="module")
def vectors(spark):
    """700 vectors of width 4 without metadata, sparse and dense mixed, in 3 partitions."""
    from pyspark.ml.linalg import Vectors

    made = [
        lambda i: Vectors.dense([i, i + 0.5, 0, -i]),
        lambda i: Vectors.sparse(4, [1, 3], [float(i), -1.0]),
        lambda _: Vectors.sparse(4, [], []),
    ]
    rows = [(made[i % 3](i), i) for i in range(700)]
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, 3), ["v", "label"])


def with_vectors(spark, present):
    """2,000 rows in 4 partitions whose dense vectors (id, 1) are null except where ``present`` holds."""
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions as sf

    vector = array_to_vector(sf.expr("array(CAST(id AS DOUBLE), 1D)"))
    return spark.range(0, ROWS, 1, 4).select("id", sf.when(sf.expr(present), vector).alias("v"))


def joined(batches):
    """X and y of all batches, one below the other."""
    batches = list(batches)
    x = [batch.X for batch in batches]
    y = None if batches[0].y is None else np.concatenate([batch.y for batch in batches])
    return vstack(x, format="csr") if isinstance(x[0], csr_array) else np.concatenate(x), y


def sizes(batches):
    return [batch.X.shape[0] for batch in batches]


def fail(batches):
    """Give up at the first batch."""
    for _ in batches:
        raise ZeroDivisionError


def active(spark):
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    return list(spark.sparkContext.statusTracker().getActiveJobsIds())


def jobs(spark):
    """The number of jobs that Spark has started so far; it hears of them a moment later."""
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup())


def ends(spark, seconds=5.0):
    """Whether no job runs any more within that time."""
    until = time.monotonic() + seconds
    while active(spark) and time.monotonic() < until:
        time.sleep(0.05)
    return not active(spark)


# All rows, as collect_sample gives them.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [None, "target", "state"])
def test_all_rows_come_in_order_as_collect_sample_gives_them(table, label, dtype):
    """Numbers, dates, texts and arrays, side by side: the whole sample's X, y and names, in its order."""
    features = ["list", "id", "ratio", "text", "third", "price", "day"]
    sample = collect_sample(table, features, label, seed=1, dtype=dtype)
    categories = sample.report.categories
    batches = list(iter_batches(table, features, label, dtype=dtype, categorical=categories, batch_rows=170))
    x, y = joined(batches)
    np.testing.assert_array_equal(x, sample.X)
    np.testing.assert_array_equal(x[:, 3], np.arange(ROWS))
    if label is None:
        assert y is None
    else:
        np.testing.assert_array_equal(y, sample.y)
        assert all(batch.y.dtype == np.dtype(dtype) for batch in batches)
    for batch in batches:
        assert isinstance(batch, Batch)
        assert batch.feature_names == sample.feature_names
        assert batch.X.dtype == np.dtype(dtype)
        assert batch.X.flags.c_contiguous


def test_the_code_of_a_text_is_its_place_among_the_categories(table):
    """Whichever texts a batch has; others become NaN, which is a null as any."""
    frame = table.select("id", "state").where("id < 600")
    x, _ = joined(iter_batches(frame, ["id", "state"], categorical={"state": ["late", "early"]}, nulls="nan"))
    expected = np.array([1, 0, np.nan])[np.arange(600) % 3]
    np.testing.assert_array_equal(x[:, 1], expected)
    with pytest.raises(SampleError, match=re.escape("got: state: 100 (of 300 rows read)")):
        next(iter_batches(frame, ["state"], categorical={"state": ["late", "early"]}))


@pytest.mark.parametrize("batch_rows", [7, 10_000])
@pytest.mark.parametrize("sparse", [False, True])
def test_vectors_with_metadata_keep_their_names(assembled, batch_rows, sparse):
    """VectorAssembler's sparse and dense vectors equal those of collect_sample, with its names."""
    sample = collect_sample(assembled, "v", "target", seed=1, sparse=sparse)
    batches = list(iter_batches(assembled, "v", "target", batch_rows=batch_rows, sparse=sparse))
    x, y = joined(batches)
    assert {batch.feature_names for batch in batches} == {("nil", "zero", "target")} == {sample.feature_names}
    np.testing.assert_array_equal(y, sample.y)
    if sparse:
        x, sample = x.toarray(), sample.X.toarray()
        np.testing.assert_array_equal(x, sample)
    else:
        np.testing.assert_array_equal(x, sample.X)


@pytest.mark.parametrize("batch_rows", [7, 10_000])
@pytest.mark.parametrize("sparse", [False, True])
def test_vectors_without_metadata_take_the_width_of_the_first(vectors, batch_rows, sparse):
    """Sparse and dense ones mixed, row by row what toArray gives."""
    batches = list(iter_batches(vectors, ["v"], "label", batch_rows=batch_rows, sparse=sparse))
    x, y = joined(batches)
    expected = np.array([row.v.toArray() for row in vectors.collect()], dtype="float32")
    if sparse:
        assert all(isinstance(batch.X, csr_array) for batch in batches)
        assert x.nnz == collect_sample(vectors, "v", seed=1, sparse=True).X.nnz
        x = x.toarray()
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, np.arange(700))
    assert {batch.feature_names for batch in batches} == {("v_0", "v_1", "v_2", "v_3")}


def test_a_vector_stands_among_other_features(assembled):
    """Its values take their places between the other columns."""
    x, _ = joined(iter_batches(assembled, ["id", "v", "list"]))
    np.testing.assert_array_equal(x, collect_sample(assembled, ["id", "v", "list"], seed=1).X)


@pytest.mark.parametrize("way", ["sorted", "shuffled", "filtered"])
def test_the_order_is_that_of_the_plan(table, way):
    """Sorted, dealt out anew or full of holes: as collect() has the rows, none twice."""
    frame = {
        "sorted": lambda: table.orderBy(table["id"].desc()),
        "shuffled": lambda: table.repartition(3, "text"),
        "filtered": lambda: table.where("id % 500 > 480 OR id BETWEEN 600 AND 610"),
    }[way]()
    x, _ = joined(iter_batches(frame, ["id"]))
    assert x[:, 0].astype(int).tolist() == [row.id for row in frame.select("id").collect()]


@pytest.mark.parametrize("features", [["id"], ["list"], ["text"]])
def test_no_rows_are_no_batches(table, features):
    """An empty source ends the loop before it begins, also where no array tells its width."""
    options = {"categorical": {"text": ["a"]}} if features == ["text"] else {}
    assert list(iter_batches(table.where("id < 0"), features, **options)) == []
    empty = table.sparkSession.createDataFrame([], table.schema)
    assert list(iter_batches(empty, features, **options)) == []


def test_text_with_a_collation_is_text(table):
    """A string column may compare its texts in a way of its own; they are the same texts."""
    frame = table.selectExpr("id", "COLLATE(text, 'UTF8_LCASE') AS text")
    categories = collect_sample(frame, ["text"], seed=1).report.categories
    x, _ = joined(iter_batches(frame, ["text"], categorical=categories))
    np.testing.assert_array_equal(x, collect_sample(frame, ["text"], seed=1).X)


# How many rows a batch has.


@pytest.mark.parametrize("batch_rows", [1, 7, 100, 299, 300])
def test_a_batch_has_no_more_than_batch_rows(table, batch_rows):
    """All rows, in batches up to that size, most of them full."""
    frame = table.where("id < 1000")
    found = sizes(iter_batches(frame, ["id"], batch_rows=batch_rows))
    assert sum(found) == 1000
    assert max(found) == batch_rows
    assert found.count(batch_rows) >= 1000 // batch_rows - 4


@pytest.mark.parametrize("batch_rows", [200, 400, 10_000])
def test_sparks_own_batches_are_cut_one_by_one(table, batch_rows):
    """Here they have 300 rows, and 200 at the end of a partition."""
    of_partition = [
        min(batch_rows, own - begin) for own in (300, 200) for begin in range(0, own, min(batch_rows, own))
    ]
    assert sizes(iter_batches(table, ["id"], batch_rows=batch_rows)) == of_partition * 4


@pytest.mark.parametrize("batch_rows", [0, -1, True, 2.5, "10", None])
def test_a_size_that_cannot_be_is_refused_before_anything_runs(spark, table, batch_rows):
    """At the call, not at the first batch."""
    before = jobs(spark)
    with pytest.raises(SampleError) as caught:
        iter_batches(table, ["id"], batch_rows=batch_rows)
    assert str(caught.value) == (
        "This batch_rows cannot be used.\n"
        f"  got: {batch_rows!r}\n"
        "  expected: a whole number of at least 1\n"
        "  do: Correct batch_rows= in the call."
    )
    assert jobs(spark) == before


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        (["id"], {"nulls": "ignore"}, "This nulls.*expected: one of: error, drop, nan"),
        (["id"], {"dtype": "int8"}, "This dtype.*expected: one of: float32, float64"),
        (["id"], {"sparse": True}, "sparse=True takes one vector column.*got: id: bigint"),
        (["idd"], {}, "The DataFrame has no column 'idd'.*do: Did you mean 'id'"),
        (["id"], {"label": "id"}, "The label 'id' is among the features"),
        (["id"], {"categorical": {"id": ["a"]}}, "categorical names 'id', which is not a text column"),
    ],
)
def test_other_wrong_arguments_are_refused_as_collect_sample_does(spark, table, features, options, message):
    """At the call, before Spark runs anything."""
    before = jobs(spark)
    with pytest.raises(SampleError, match=f"(?s)^{message}"):
        iter_batches(table, features, **options)
    assert jobs(spark) == before


@pytest.mark.parametrize("given", [None, {"text": ["t0"]}])
def test_text_without_categories_is_refused(spark, table, given):
    """A feature, or else the label; whole message, before anything runs."""
    name = "text" if given is None else "state"
    before = jobs(spark)
    with pytest.raises(SampleError) as caught:
        iter_batches(table, ["id", "text"], "state", categorical=given)
    assert str(caught.value) == (
        f"Column {name!r} is text without categories.\n"
        "  got: no texts for its codes\n"
        "  expected: all texts, in the order of their codes: a code must mean the same in every batch\n"
        "  do: Pass categorical=sample.report.categories of a sample of the same source."
    )
    assert jobs(spark) == before


# What is missing, and what is infinite.


@pytest.fixture(scope="module")
def holes(spark):
    """2,000 rows: ``a`` is null or NaN in 7 of each partition, ``b`` in all of the second, the label in one."""
    return spark.range(0, ROWS, 1, 4).selectExpr(
        "id",
        "CASE WHEN id % 500 BETWEEN 300 AND 305 THEN NULL WHEN id % 500 = 400 THEN DOUBLE('NaN') ELSE id END AS a",
        "IF(id BETWEEN 500 AND 999, NULL, id) AS b",
        "IF(id = 1700, NULL, id) AS label",
    )


def test_the_first_batch_with_a_null_ends_it(holes):
    """By default: the batches before it come, then the error tells the column and its nulls."""
    batches = iter_batches(holes, ["id", "a"])
    assert next(batches).X.shape == (300, 2)
    with pytest.raises(SampleError) as caught:
        next(batches)
    assert str(caught.value) == (
        "There are nulls in the columns to collect.\n"
        "  got: a: 7 (of 200 rows read)\n"
        "  expected: a value in every row; NaN counts as null\n"
        "  do: Pass nulls='drop' or nulls='nan', or fill them before the call with df.fillna(...)."
    )
    assert list(batches) == []


@pytest.mark.parametrize("batch_rows", [5, 10_000])
def test_rows_with_nulls_are_left_out(holes, batch_rows):
    """nulls="drop": features and label stay together, and a batch without a row left does not come."""
    batches = list(iter_batches(holes, ["id", "a", "b"], "label", nulls="drop", batch_rows=batch_rows))
    x, y = joined(batches)
    sample = collect_sample(holes, ["id", "a", "b"], "label", seed=1, nulls="drop")
    np.testing.assert_array_equal(x, sample.X)
    np.testing.assert_array_equal(y, sample.y)
    assert min(sizes(batches)) >= 1
    assert x.shape == (3 * (PARTITION - 7) - 1, 3)


@pytest.mark.parametrize("batch_rows", [5, 10_000])
def test_nulls_become_nan_also_all_of_a_batch(holes, batch_rows):
    """nulls="nan" keeps every row; a column may be null throughout a batch, even throughout a partition."""
    x, _ = joined(iter_batches(holes, ["id", "a", "b"], nulls="nan", batch_rows=batch_rows))
    np.testing.assert_array_equal(x, collect_sample(holes, ["id", "a", "b"], seed=1, nulls="nan").X)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(x[:, 2])), np.arange(500, 1000))


def test_a_null_label_is_refused_even_with_nan(holes):
    """When its batch comes; whole message."""
    batches = iter_batches(holes, ["id", "b"], "label", nulls="nan")
    with pytest.raises(SampleError) as caught:
        read = [batch.X.shape[0] for batch in batches]
    assert str(caught.value) == (
        "There are nulls in the label.\n"
        "  got: label: 1 (of 300 rows read)\n"
        "  expected: a value in every row; no model learns from a missing answer\n"
        "  do: Filter them out before the call: df.where(df[label].isNotNull())."
    )
    read = sizes(iter_batches(holes.where("id < 1500"), ["id", "b"], "label", nulls="nan"))
    assert sum(read) == 1500


@pytest.mark.parametrize("batch_rows", [90, 10_000])
def test_leading_null_vectors_wait_for_the_first_that_tells_the_width(spark, batch_rows):
    """Three partitions of nulls, then vectors: NaN of their width, or left out, or the error of nulls."""
    frame = with_vectors(spark, "id >= 1600")
    x, _ = joined(iter_batches(frame, ["id", "v"], nulls="nan", batch_rows=batch_rows))
    np.testing.assert_array_equal(x[:, 0], np.arange(ROWS))
    assert np.isnan(x[:1600, 1:]).all()
    np.testing.assert_array_equal(x[1600:, 1], np.arange(1600, ROWS))
    assert (x[1600:, 2] == 1).all()
    for sparse in (False, True):
        dropped, _ = joined(iter_batches(frame, "v", nulls="drop", sparse=sparse, batch_rows=batch_rows))
        dropped = dropped.toarray() if sparse else dropped
        np.testing.assert_array_equal(dropped, x[1600:, 1:])
    rows = min(batch_rows, 300)
    with pytest.raises(SampleError, match=re.escape(f"v: {rows} (of {rows} rows read)")):
        next(iter_batches(frame, "v", batch_rows=batch_rows))


def test_leading_null_arrays_wait_as_well(spark):
    """Arrays have no metadata: their width is that of the first."""
    frame = spark.range(0, ROWS, 1, 4).selectExpr("id", "IF(id < 700, NULL, array(id, 1)) AS list")
    x, y = joined(iter_batches(frame, "list", "id", nulls="nan"))
    np.testing.assert_array_equal(y, np.arange(ROWS))
    assert np.isnan(x[:700]).all()
    np.testing.assert_array_equal(x[700:, 0], np.arange(700, ROWS))


@pytest.mark.parametrize("nulls", ["error", "nan"])
def test_vectors_that_are_all_null_are_refused(spark, nulls):
    """Without one vector nobody knows how many features there are."""
    with pytest.raises(SampleError, match="^Column 'v' is null in every row.\n  got: ") as caught:
        list(iter_batches(with_vectors(spark, "false"), "v", nulls=nulls))
    assert str(caught.value).endswith(
        "  expected: at least one value: a feature without values has no information for a model\n"
        "  do: Look at the step that makes it, or take it out of the features."
    )


def test_vectors_that_are_all_null_are_all_left_out(spark):
    """nulls="drop" leaves no row then, so no batch comes, as for any other column of nulls."""
    assert list(iter_batches(with_vectors(spark, "false"), "v", nulls="drop")) == []
    nothing = spark.range(3).selectExpr("CAST(NULL AS DOUBLE) AS none")
    assert list(iter_batches(nothing, "none", nulls="drop")) == []


def test_vectors_that_are_all_null_are_counted(spark):
    """The error tells how many rows had no vector: all of them."""
    with pytest.raises(SampleError, match="\n  got: 2000 rows without a value\n"):
        list(iter_batches(with_vectors(spark, "false"), "v", nulls="nan"))


@pytest.mark.parametrize("sparse", [False, True])
def test_vectors_of_different_lengths_are_refused(spark, sparse):
    """Also when the other length comes in a later batch."""
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions as sf

    frame = spark.range(0, ROWS, 1, 4).select(
        array_to_vector(sf.expr("array_repeat(1D, IF(id < 1000, 2, 3))")).alias("v")
    )
    batches = iter_batches(frame, "v", sparse=sparse)
    with pytest.raises(SampleError) as caught:
        assert sizes(batches) == []
    assert str(caught.value) == (
        "The vectors of column 'v' differ in length.\n"
        "  got: lengths 2, 3\n"
        "  expected: 2 values in each, as most of the first ones or the column's metadata have\n"
        "  do: Make every vector by the same step, or filter the others out before the call."
    )


@pytest.mark.parametrize("nulls", ["error", "drop", "nan"])
def test_infinite_values_are_refused(spark, nulls):
    """When their batch comes, also those that the cast to float32 makes; float64 holds these."""
    frame = spark.range(0, 600, 1, 2).selectExpr(
        "id", "IF(id = 450, 1e300, id) AS a", "IF(id > 597, 1e300, 1) AS b"
    )
    batches = iter_batches(frame, ["id", "a"], "b", nulls=nulls)
    assert next(batches).X.shape == (300, 2)
    with pytest.raises(SampleError) as caught:
        next(batches)
    assert str(caught.value) == (
        "There are infinite values in the columns to collect.\n"
        "  got: a: 1, b: 2 (of 300 rows read)\n"
        "  expected: finite values, also after the cast to float32 (up to 3.4e38)\n"
        "  do: Filter them out or clip them before the call; dtype='float64' holds values up to 1.8e308."
    )
    x, y = joined(iter_batches(frame, ["id", "a"], "b", nulls=nulls, dtype="float64"))
    assert x[450, 1] == y[599] == 1e300


# Spark behind it.


@pytest.mark.parametrize("way", ["break", "error", "close", "forget"])
def test_leaving_in_the_middle_ends_spark(spark, way):
    """No job runs on, and the next action works."""
    wide = spark.range(0, 1_000_000, 1, 4).selectExpr("id", "array_repeat(id, 20) AS many")
    if way == "break":
        for batch in iter_batches(wide, ["many"]):
            assert batch.X.shape == (300, 20)
            break
    elif way == "error":
        with pytest.raises(ZeroDivisionError):
            fail(iter_batches(wide, ["many"]))
    else:
        batches = iter_batches(wide, ["many"])
        next(batches)
        if way == "close":
            batches.close()
        else:
            del batches
    assert ends(spark)
    assert spark.range(5).count() == 5


def test_an_iterator_that_is_never_asked_starts_nothing(spark, table):
    """Spark begins with the first batch."""
    before = jobs(spark)
    batches = iter_batches(table, ["id"])
    assert inspect.isgenerator(batches)
    batches.close()
    assert jobs(spark) == before


def test_a_partition_is_not_computed_before_it_is_asked_for(spark):
    """One is read and one is prepared: the third, which would fail, does not start however long one waits."""
    frame = spark.range(0, 1600, 1, 8).selectExpr("IF(id >= 400, raise_error('too early'), id) AS id")
    before = jobs(spark)
    batches = iter_batches(frame, ["id"], batch_rows=150)
    assert next(batches).X[:, 0].tolist() == list(range(150))
    assert ends(spark)
    time.sleep(0.5)
    assert not active(spark)
    assert jobs(spark) == before + 2
    assert next(batches).X[:, 0].tolist() == list(range(150, 200))
    with pytest.raises(PySparkException, match="too early"):
        list(batches)
    assert ends(spark)


def test_two_at_a_time_do_not_disturb_each_other(table):
    """Each has its own stream, and leaving one leaves the other alone."""
    forward, backward = iter_batches(table, ["id"]), iter_batches(table.orderBy(table["id"].desc()), ["id"])
    first, _ = next(forward).X, next(backward).X
    backward.close()
    x, _ = joined(forward)
    np.testing.assert_array_equal(np.concatenate([first, x])[:, 0], np.arange(ROWS))


# What learners do with it.


@pytest.mark.parametrize("sparse", [False, True])
def test_a_batch_stays_as_it_is_when_the_next_comes(assembled, sparse):
    """Arrays of their own: kept ones keep their values, and writing into one changes no other."""
    kept, copies = [], []
    for batch in iter_batches(assembled, "v", "target", batch_rows=70, sparse=sparse):
        kept.append(batch)
        copies.append((batch.X.copy(), batch.y.copy()))
        values = batch.X.data if sparse else batch.X
        assert values.flags.writeable
        assert batch.y.flags.writeable
    for i, (batch, (x, y)) in enumerate(zip(kept, copies, strict=True)):
        assert (x != batch.X).sum() == 0
        np.testing.assert_array_equal(batch.y, y)
        if i + 1 < len(kept):
            values, after = ((b.X.data if sparse else b.X) for b in (batch, kept[i + 1]))
            assert not np.shares_memory(values, after)
            assert not np.shares_memory(batch.y, kept[i + 1].y)
            values[:] = -1
            batch.y[:] = -1


@pytest.fixture(scope="module")
def lessons(spark):
    """5,000 rows: two features in [-1, 1), a class that their sum decides, and a plane above them."""
    return spark.range(0, 5000, 1, 4).selectExpr(
        "(id * 7919 % 1000) / 500D - 1 AS a", "(id * 104729 % 997) / 498.5D - 1 AS b"
    ).selectExpr("a", "b", "IF(a + b > 0, 'up', 'down') AS way", "2 * a - b + 0.5 AS plane")  # fmt: skip


@pytest.mark.parametrize("sparse", [False, True])
def test_a_classifier_learns_batch_by_batch(lessons, sparse):
    """SGDClassifier.partial_fit tells the classes apart, from dense and from sparse batches."""
    from pyspark.ml.feature import VectorAssembler
    from sklearn.linear_model import SGDClassifier

    frame = VectorAssembler(inputCols=["a", "b"], outputCol="v").transform(lessons)
    ways = {"categorical": {"way": ["down", "up"]}, "sparse": sparse}
    model = SGDClassifier(loss="log_loss", random_state=0)
    for batch in iter_batches(frame, "v", "way", batch_rows=500, **ways):
        model.partial_fit(batch.X, batch.y, classes=[0, 1])
    x, y = joined(iter_batches(frame, "v", "way", **ways))
    assert model.score(x, y) > 0.97


def test_a_regressor_learns_batch_by_batch(lessons):
    """SGDRegressor.partial_fit finds the plane."""
    from sklearn.linear_model import SGDRegressor

    model = SGDRegressor(random_state=0, alpha=0)
    for _ in range(3):
        for batch in iter_batches(lessons, ["a", "b"], "plane"):
            model.partial_fit(batch.X, batch.y)
    np.testing.assert_allclose([*model.coef_, *model.intercept_], [2, -1, 0.5], atol=0.05)


def test_digits_that_are_lost_are_told_once(spark):
    """At the first batch that lost some, with the column; float64 holds them."""
    frame = spark.range(0, 900, 1, 1).selectExpr("id", "id * 100000 AS far")
    with pytest.warns(SampleWarning, match="lose digits in float32: far\\.") as said:
        rows = sum(len(batch.X) for batch in iter_batches(frame, ["id", "far"], batch_rows=100))
    assert (rows, len(said)) == (900, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(len(batch.X) for batch in iter_batches(frame, ["far"], dtype="float64")) == 900
