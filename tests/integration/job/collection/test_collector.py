"""How many rows, which of them and by which passes: strata, weights, keys, totals and budgets on a real Spark."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from airflow_spark_guard.job import SampleError, Stratify, collect_sample
from airflow_spark_guard.job.collection import collector, passes
from airflow_spark_guard.job.collection.draw import Draw
from airflow_spark_guard.job.collection.strata import allocate, count_strata

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::airflow_spark_guard.job.collection.errors.SampleWarning"),
]


@pytest.fixture(scope="module")
def source(spark):
    """3,000 rows in 3 partitions: strata of 10 to 2,000 rows with a null one, keys that repeat, weights."""
    frame = spark.range(0, 3000, 1, 3).selectExpr(
        "id",
        "id * 2 AS target",
        "CASE WHEN id % 300 = 7 THEN 'rare' WHEN id % 3 = 0 THEN 'third' WHEN id % 30 = 1 THEN NULL ELSE 'rest' END AS s",
        "DATE'2013-01-01' + CAST(id % 4 AS INT) AS day",
        "id % 2 = 0 AS even",
        "IF(id % 50 = 0, NULL, CONCAT('k', id % 700)) AS k",
        "IF(id % 10 = 0, 0, id % 5) AS w",
        "array(id, -id) AS pair",
    )
    return frame.cache()


@pytest.fixture(scope="module")
def rows(source):
    """The same rows, as Python holds them, by id."""
    return {row["id"]: row for row in source.collect()}


def jobs(spark):
    """The number of jobs that Spark has started so far; it hears of them a moment later."""
    spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(10_000)
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup())


def ids(sample):
    return sample.X[:, 0].astype(int).tolist()


def laid_out_anew(source):
    """The same rows in other partitions and in another order."""
    yield source
    yield source.repartition(7)
    yield source.orderBy(source["id"].desc()).coalesce(1)


def assert_same(first, other):
    np.testing.assert_array_equal(other.X.view("uint32"), first.X.view("uint32"))
    np.testing.assert_array_equal(other.y.view("uint32"), first.y.view("uint32"))
    for name in ("strata", "sample_weight"):
        one, two = getattr(first, name), getattr(other, name)
        assert (one is None) == (two is None)
        if one is not None:
            np.testing.assert_array_equal(two, one)


@pytest.mark.parametrize(
    ("key", "way"),
    [
        *((key, {}) for key in ("id", "k", ["k", "day"], ["s", "w"])),
        *((key, {"stratify": "s"}) for key in ("id", "k")),
        ("k", {"stratify": Stratify("day", "balanced")}),
        *((key, {"weight": "w"}) for key in ("id", ["k", "day"])),
        ("k", {"total_rows": 90}),
        ("k", {"total_rows": 200_000}),
        (["s", "w"], {"max_rows": 5000}),
        ("k", {"fraction": 0.05}),
    ],
    ids=str,
)
def test_a_key_decides_whatever_the_partitions(source, key, way):
    """The same X, y, strata and weights to the bit, in the same order; keys may repeat or be null."""
    options = {"max_rows": 250, "seed": 3, "key": key, **way}
    samples = [collect_sample(frame, ["id", "w"], "target", **options) for frame in laid_out_anew(source)]
    for other in samples[1:]:
        assert_same(samples[0], other)
    expected = {"max_rows": 3000, "fraction": 150}.get(next(iter(way), ""), 250)
    assert len(set(ids(samples[0]))) == expected


def test_a_wrong_total_changes_nothing_with_a_key(source):
    """Too small or too large: the rows are those of the right one."""
    told = [
        collect_sample(source, ["id"], "target", seed=3, max_rows=250, key="id", total_rows=total)
        for total in (3000, None, 0, 90, 251, 1_000_000)
    ]
    for other in told[1:]:
        assert_same(told[0], other)


@pytest.mark.parametrize(
    ("total", "max_rows"),
    [(0, 1), (0, 4000), (90, 250), (90, 3000), (1000, 2999), (3000, 3000), (50_000, 250), (50_000, 4000)],
)
def test_a_wrong_total_never_changes_the_size(source, total, max_rows):
    """Exactly max_rows rows, or all, each once, in the source's order."""
    sample = collect_sample(source, ["id"], seed=3, max_rows=max_rows, total_rows=total)
    assert len(ids(sample)) == min(max_rows, 3000)
    assert (np.diff(ids(sample)) > 0).all()


def test_rows_alike_but_for_their_stratum_keep_their_order(spark):
    """With one key and the same values, strata come in one order, however the rows lie."""
    frame = spark.range(0, 40, 1, 2).selectExpr("id", "1 AS k", "2 AS x", "CONCAT('s', id % 4) AS s")
    samples = [
        collect_sample(one, "x", "x2", seed=1, key="k", stratify="s", max_rows=20)
        for one in laid_out_anew(frame.selectExpr("*", "x AS x2"))
    ]
    for other in samples[1:]:
        assert_same(samples[0], other)


# Strata.


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize(
    ("how", "column"),
    [
        (Stratify("s"), "s"),
        (Stratify("s", at_least=7), "s"),
        (Stratify("s", "balanced", at_least=0), "s"),
        (Stratify("day"), "day"),
        (Stratify("even", "balanced"), "even"),
        (Stratify("w", at_least=30), "w"),
    ],
)
def test_each_stratum_gives_exactly_its_rows(source, rows, how, column, key):
    """As allocated, in all exactly so many, each row with its own stratum and how many it stands for."""
    max_rows = 233 if key else 2990
    sample = collect_sample(source, ["id"], "target", seed=8, max_rows=max_rows, stratify=how, key=key)
    values = [row[column] for row in rows.values()]
    counts = {value: values.count(value) for value in set(values)}
    ordered = dict(sorted(counts.items(), key=lambda item: (item[0] is None, item[0])))
    found = sample.strata.tolist()
    assert {value: found.count(value) for value in counts} == allocate(ordered, max_rows, how)
    assert len(found) == len(set(ids(sample))) == max_rows
    assert found == [rows[i][column] for i in ids(sample)]
    np.testing.assert_allclose(
        sample.sample_weight, [counts[value] / found.count(value) for value in found], rtol=1e-12
    )
    assert sample.sample_weight.sum() == pytest.approx(sum(counts[value] for value in set(found)))
    assert sample.report.passes == ("strata", "rows")
    if key is None:
        assert ids(sample) == sorted(ids(sample))


def test_all_rows_of_all_strata(source):
    """max_rows above the size takes everything, each row for itself."""
    sample = collect_sample(source, ["id"], seed=8, stratify="s")
    assert ids(sample) == list(range(3000))
    assert set(sample.sample_weight) == {1.0}


def test_the_rows_of_a_stratum_are_drawn_alike(source):
    """Over 20 seeds no tenth of a stratum gives more than its share: chi-square at 99.9 %."""
    counts = np.zeros(10)
    for seed in range(20):
        sample = collect_sample(source, ["id"], seed=seed, max_rows=300, stratify=Stratify("s", "balanced"))
        third = [i for i in ids(sample) if i % 3 == 0]
        counts += np.histogram(third, bins=10, range=(0, 3000))[0]
    expected = counts.sum() / 10
    assert ((counts - expected) ** 2 / expected).sum() < 27.9


def test_strata_of_the_complete_rows_alone(spark):
    """nulls="drop": shares, sums and weights are those of the rows that can be drawn."""
    frame = spark.range(0, 400, 1, 4).selectExpr(
        "id", "id % 4 AS s", "IF(id % 4 = 1 AND id % 8 != 1, NULL, IF(id = 8, DOUBLE('NaN'), 1D)) AS x"
    )
    sample = collect_sample(frame, ["id", "x"], seed=1, stratify="s", max_rows=100, nulls="drop")
    found = sample.strata.tolist()
    assert len(found) == 100
    assert {s: found.count(s) for s in range(4)} == allocate(
        {0: 99, 1: 50, 2: 100, 3: 100}, 100, Stratify("s")
    )
    assert sample.report.rows_total == 400
    assert sample.sample_weight.sum() == pytest.approx(349)


def test_strata_that_cannot_be_held_are_refused(spark, source):
    """at_least of each does not fit; or a column has too many values. Nothing was read by then."""
    with pytest.raises(SampleError) as caught:
        collect_sample(source, ["id"], seed=1, max_rows=30, stratify=Stratify("s", at_least=10))
    assert str(caught.value) == (
        "A sample of 30 rows cannot hold 10 of each stratum of 's'.\n"
        "  got: 4 strata, 40 rows at least\n"
        "  expected: at most 30\n"
        "  do: Raise max_rows, lower Stratify.at_least, or stratify by a coarser column."
    )
    with pytest.raises(
        SampleError, match="^Column 'id' has too many strata.\n  got: more than 1000 different"
    ):
        collect_sample(source, ["w"], seed=1, stratify="id")


def test_a_short_draw_of_a_stratum_is_repeated(source, monkeypatch):
    """When a stratum fell short it is asked for more, and the rows are those of a lucky first draw."""
    options = {"seed": 4, "max_rows": 300, "stratify": "s", "key": "id"}
    lucky = collect_sample(source, ["id"], "target", **options)
    monkeypatch.setattr(collector.stratifying, "shares", lambda counts, _: dict.fromkeys(counts, 0.06))
    other = collect_sample(source, ["id"], "target", **options)
    assert other.report.passes.count("rows") > 1
    assert_same(lucky, other)


def test_a_stratum_that_appears_later_is_left_out_or_refused(source, monkeypatch):
    """A value that was not there when strata were counted is never taken for another one."""
    from pyspark.sql import functions as sf

    early = count_strata(source.where("s IN ('rest', 'third')"), "s", sf.expr("true"))
    monkeypatch.setattr(passes.Passes, "strata", lambda *_: early)
    try:
        sample = collect_sample(source, ["id"], seed=4, max_rows=300, stratify="s")
    except SampleError as error:
        assert "other rows" in str(error)  # noqa: PT017
    else:
        assert set(sample.strata) == {"rest", "third"}


# Weights.


@pytest.mark.parametrize("key", [None, "id"])
def test_weights_decide_how_often_a_row_is_drawn(spark, key):
    """Over 20 seeds: a weight of 0 never, others as successive sampling; estimates are unbiased."""
    weights = np.array([0] * 5 + [1] * 60 + [4] * 30 + [20] * 5)
    frame = spark.createDataFrame(
        [(i, float(w), float(i % 7)) for i, w in enumerate(weights)], "id int, w double, x double"
    ).repartition(2)
    counts, totals, sums = np.zeros(100), [], []
    for seed in range(20):
        sample = collect_sample(frame, ["id"], "x", seed=seed, max_rows=25, weight="w", key=key)
        assert len(ids(sample)) == 25
        counts[ids(sample)] += 1
        totals.append(sample.sample_weight.sum())
        sums.append((sample.sample_weight * sample.y).sum())
    uniform = np.random.default_rng(1).random((4000, 95))
    order = np.argsort(-np.log1p(-uniform) / weights[5:], axis=1)[:, :25]
    expected = np.bincount(order.ravel(), minlength=95) / 4000
    assert counts[:5].sum() == 0
    for weight in (1, 4, 20):
        chance = expected[weights[5:] == weight].mean()
        trials = 20 * (weights == weight).sum()
        found = counts[weights == weight].sum() / trials
        assert abs(found - chance) < 4 * math.sqrt(chance * (1 - chance) / trials)
    for found, truth in ((totals, 95), (sums, sum(i % 7 for i in range(5, 100)))):
        assert abs(np.mean(found) - truth) < 4 * np.std(found, ddof=1) / math.sqrt(20)


def test_all_rows_of_weight_stand_for_themselves(source):
    """Where all of them are taken; those of weight 0 are counted but never drawn."""
    sample = collect_sample(source, ["id"], seed=1, weight="w")
    assert set(sample.sample_weight) == {1.0}
    assert len(ids(sample)) == sample.report.rows_taken == 2400
    assert sample.report.rows_total == 3000
    assert sample.report.passes == ("weights", "rows")


def test_weights_do_not_depend_on_the_surplus(source, spark, monkeypatch):
    """How many rows one stands for follows from the sample alone, also where no row too many was read."""
    options = {"seed": 5, "max_rows": 100, "weight": "w", "key": "id"}
    usual = collect_sample(source, ["id"], "target", **options)
    from pyspark.sql import functions as sf

    drawn = source.where("w > 0")
    priorities = (
        drawn.selectExpr(f"{Draw(5, ('id',), 'w', row=('id',)).priority_sql()} AS p").orderBy("p").limit(101)
    )
    least = [row["p"] for row in priorities.collect()]
    rate = 2400 / drawn.agg(sf.sum("w")).first()[0]
    exact = -math.expm1(-math.exp((least[99] + least[100]) / 2) / rate)
    monkeypatch.setattr(collector, "share_for", lambda *_: exact)
    assert_same(usual, collect_sample(source, ["id"], "target", **options))


@pytest.mark.parametrize("bad", ["NULL", "-1D", "DOUBLE('NaN')", "DOUBLE('Infinity')"])
def test_values_that_are_no_weights_are_refused(source, bad):
    """Negative, missing or infinite ones are counted."""
    frame = source.selectExpr("id", f"IF(id < 3, {bad}, 1D) AS weight")
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, ["id"], seed=1, weight="weight")
    assert str(caught.value) == (
        "Column 'weight' has values that are not weights.\n"
        "  got: 3 of 3000 rows\n"
        "  expected: finite numbers of at least 0, no nulls\n"
        "  do: Fill or filter them before the call, for example with df.fillna({...: 0})."
    )


def test_nothing_but_weights_of_zero_is_refused(source):
    """No row may be drawn."""
    with pytest.raises(SampleError) as caught:
        collect_sample(source.selectExpr("id", "0 AS w"), ["id"], seed=1, weight="w")
    assert str(caught.value) == (
        "No rows to sample.\n"
        "  got: 3000 rows, none of which may be drawn\n"
        "  expected: at least one row without a null, and with a weight above 0\n"
        "  do: Look at the filters and the path of the source; nulls='nan' keeps rows with nulls."
    )


# Sizes and passes.


@pytest.mark.parametrize(
    ("fraction", "rows"), [(1.0, 3000), (0.5, 1500), (1 / 3000 / 2.5, 1), (0.1005, 302), (0.0999, 300)]
)
def test_a_fraction_is_exactly_rounded(source, fraction, rows):
    """To the nearest row, and at least one."""
    assert len(ids(collect_sample(source, ["id"], seed=2, fraction=fraction))) == rows


def test_a_fraction_above_max_rows_is_a_contradiction(source):
    """Told with both numbers, after the count that shows it."""
    with pytest.raises(SampleError) as caught:
        collect_sample(source, ["id"], seed=2, fraction=0.5, max_rows=1499)
    assert str(caught.value) == (
        "fraction and max_rows contradict each other.\n"
        "  got: fraction=0.5 of 3,000 rows is 1,500; max_rows=1499\n"
        "  expected: a fraction that max_rows allows\n"
        "  do: Pass max_rows=1500 with this fraction, or max_rows alone."
    )


def test_a_source_larger_than_believed_is_counted_after_all(spark):
    """Reading at once stops as soon as there are too many rows; the sample is exact and its job ended."""
    frame = spark.range(0, 10, 1, 2).selectExpr("id", "explode(sequence(1, 2000)) AS x")
    sample = collect_sample(frame, ["x"], "id", seed=1, max_rows=500)
    assert sample.X.shape == (500, 1)
    assert sample.report.passes == ("rows", "count", "rows")
    assert sample.report.rows_total == 20_000


def test_a_small_source_is_read_once(spark):
    """Without a count, when Spark believes that all of it makes no more than the sample."""
    sample = collect_sample(spark.range(100), ["id"], seed=1)
    assert sample.report.passes == ("rows",)
    assert sample.report.rows_total == 100


def test_a_compressed_source_is_not_taken_for_a_small_one(spark, tmp_path):
    """Its files are not larger than the sample, and hold ten times its rows: reading them at once is in vain."""
    path = str(tmp_path / "table")
    spark.range(200_000).selectExpr("round(rand(1), 2) AS x").write.parquet(path)
    assert sum(file.stat().st_size for file in (tmp_path / "table").iterdir()) < 2 * 20_000 * 8
    sample = collect_sample(spark.read.parquet(path), ["x"], seed=1, max_rows=20_000)
    assert sample.report.passes == ("count", "rows")
    assert (sample.X.shape, sample.report.rows_total) == ((20_000, 1), 200_000)


def test_a_draw_of_nothing_but_nulls_is_repeated(spark):
    """nulls="drop" draws among the others, however rare they are, also where only they tell a width."""
    frame = spark.range(0, 5000, 1, 2).selectExpr(
        "id", "IF(id % 1000 = 7, array(id, id), NULL) AS pair", "IF(id % 1000 = 7, id, NULL) AS one"
    )
    rare = [7, 1007, 2007, 3007, 4007]
    for feature in ("one", "pair"):
        sample = collect_sample(frame, ["id", feature], seed=1, max_rows=3, nulls="drop")
        assert len(ids(sample)) == 3
        assert set(ids(sample)) <= set(rare)


# Budgets.


@pytest.mark.parametrize("features", [["id", "w"], "pair"], ids=["known", "probed"])
def test_max_bytes_cuts_the_sample_exactly(source, features):
    """X and y take as many rows as fit: 12 bytes each here."""
    sample = collect_sample(source, features, "target", seed=2, max_bytes=1210)
    assert sample.X.shape == (100, 2)
    assert sample.report.bytes == 1200
    assert ("probe" in sample.report.passes) == (features == "pair")


@pytest.mark.parametrize("key", [None, "id"])
def test_max_bytes_above_the_size_takes_all(source, key):
    """A budget is no wish for more."""
    sample = collect_sample(source, ["id"], seed=2, max_bytes=10**9, key=key)
    assert sample.X.shape == (3000, 1)


def test_max_bytes_as_a_share_of_the_memory_left(source, monkeypatch):
    """Half of 4,000 bytes are 250 rows of 8."""
    monkeypatch.setattr(collector, "memory_left", lambda: 4000)
    sample = collect_sample(source, "pair", seed=2, max_bytes=0.5)
    assert sample.X.shape == (250, 2)


def test_max_bytes_goes_with_strata(source):
    """Strata are allocated within what fits."""
    sample = collect_sample(source, ["id"], seed=2, max_bytes=400, stratify="s")
    assert sample.X.shape == (100, 1)
    assert set(sample.strata) == {"rare", "third", "rest", None}


def test_max_bytes_cuts_though_the_first_row_has_no_array(spark):
    """A null where the width was looked for does not turn the cut into a refusal."""
    frame = spark.range(0, 3000, 1, 2).selectExpr("IF(id = 0, NULL, array(id, -id)) AS pair")
    sample = collect_sample(frame, "pair", seed=2, max_bytes=800, nulls="drop")
    assert sample.X.shape == (100, 2)


def test_a_budget_below_one_row_is_refused(source):
    """With the numbers."""
    with pytest.raises(SampleError, match="^The sample does not fit into the driver's memory.") as caught:
        collect_sample(source, ["id", "w"], seed=2, max_bytes=7)
    assert "got: 1 rows of 8 bytes, 8 bytes\n  expected: at most 7 bytes (max_bytes)\n" in str(caught.value)


def test_what_cannot_fit_is_refused_before_a_row_is_read(spark, monkeypatch):
    """With the total told, no job starts at all; without it the count alone."""
    monkeypatch.setattr(collector, "memory_left", lambda: 10_000)
    frame = spark.range(0, 10**9, 1, 2).selectExpr("id", "id % 7 AS other")
    before = jobs(spark)
    with pytest.raises(SampleError) as caught:
        collect_sample(frame, ["id", "other"], seed=1, max_rows=1000, total_rows=10**9)
    assert jobs(spark) == before
    assert str(caught.value) == (
        "The sample does not fit into the driver's memory.\n"
        "  got: 1,000 rows of 8 bytes, 7.8 KiB\n"
        "  expected: at most 5.9 KiB (60% of the 9.8 KiB that are left here)\n"
        "  do: Pass max_rows=750 or max_bytes=0.5 (a share of the memory left) for a smaller sample; "
        "take fewer columns, dtype='float32', or sparse=True for sparse vectors; read all rows with "
        "iter_batches; or give the driver more memory."
    )
    with pytest.raises(SampleError, match="does not fit"):
        collect_sample(spark.range(0, 9000, 1, 2), ["id"], seed=1, max_rows=5000)
    assert 1 <= jobs(spark) - before <= 2  # the count


def test_what_cannot_fit_is_refused_with_the_first_array(spark, monkeypatch):
    """Where the width is not known before, the first batch tells it."""
    monkeypatch.setattr(collector, "memory_left", lambda: 10_000)
    frame = spark.range(0, 5000, 1, 2).selectExpr("array(id, id) AS pair")
    with pytest.raises(SampleError, match="\n  got: 5,000 rows of 8 bytes, 39.1 KiB\n"):
        collect_sample(frame, "pair", seed=1)


def test_more_than_spark_returns_is_refused_before_a_row_is_read(spark, monkeypatch):
    """spark.driver.maxResultSize is 1 GiB unless set."""
    monkeypatch.setattr(collector, "memory_left", lambda: 10**12)
    before = jobs(spark)
    with pytest.raises(SampleError) as caught:
        collect_sample(
            spark.range(0, 10**10), ["id"], seed=1, dtype="float64", max_rows=10**9, total_rows=10**10
        )
    assert jobs(spark) == before
    assert str(caught.value) == (
        "Spark would end the job: its result is too large.\n"
        "  got: 1,000,000,000 rows of 8 bytes, 7.5 GiB\n"
        "  expected: at most 1.0 GiB (spark.driver.maxResultSize)\n"
        "  do: Pass max_rows=122016116; or read it with iter_batches, which has no such limit; or raise "
        "spark.driver.maxResultSize and the driver's memory with it."
    )


# Sparse vectors.


@pytest.fixture(scope="module")
def sparse(spark):
    """300 sparse vectors of length 50, one in seven dense, one in fifty null."""
    from pyspark.ml.linalg import Vectors, VectorUDT
    from pyspark.sql import types as t

    def vector(i):
        if i % 50 == 9:
            return None
        stored = {i % 50: float(i + 1), (i * 7) % 50: 2.5}
        return (
            Vectors.dense(Vectors.sparse(50, stored).toArray()) if i % 7 == 0 else Vectors.sparse(50, stored)
        )

    schema = t.StructType(
        [t.StructField("v", VectorUDT()), t.StructField("id", t.LongType()), t.StructField("k", t.LongType())]
    )
    return spark.createDataFrame([(vector(i), i, i % 20) for i in range(300)], schema)


@pytest.mark.parametrize("options", [{}, {"key": "id"}, {"stratify": "k"}, {"max_rows": 500}], ids=str)
def test_sparse_rows_are_the_dense_ones(sparse, options):
    """The same rows in the same order, whichever form they take; null vectors dropped."""
    options = {"seed": 6, "nulls": "drop", "max_rows": 100, **options}
    thin = collect_sample(sparse, "v", "id", sparse=True, **options)
    full = collect_sample(sparse, "v", "id", **options)
    np.testing.assert_array_equal(thin.X.toarray(), full.X)
    np.testing.assert_array_equal(thin.y, full.y)
    assert thin.X.dtype == np.float32
    assert thin.report.bytes == sum(
        part.nbytes for part in (thin.X.data, thin.X.indices, thin.X.indptr, thin.y)
    )


def test_sparse_rows_of_a_key_that_repeats(sparse):
    """The same rows in the same order, however they lie."""
    options = {"seed": 6, "nulls": "drop", "max_rows": 100, "key": "k", "sparse": True}
    first, *others = [collect_sample(frame, "v", "id", **options) for frame in laid_out_anew(sparse)]
    for other in others:
        np.testing.assert_array_equal(other.y, first.y)
        np.testing.assert_array_equal(other.X.toarray(), first.X.toarray())


def test_sparse_rows_that_do_not_fit_are_refused(sparse, monkeypatch):
    """By the size of the first rows that come."""
    monkeypatch.setattr(collector, "memory_left", lambda: 3000)
    with pytest.raises(
        SampleError, match="^The sample does not fit into the driver's memory.\n  got: 300 rows of"
    ):
        collect_sample(sparse, "v", seed=1, nulls="drop", sparse=True)


def test_max_bytes_and_sparse_rows_are_refused_together(sparse):
    """Nobody knows before how many rows of different sizes fit."""
    with pytest.raises(SampleError) as caught:
        collect_sample(sparse, "v", seed=1, nulls="drop", sparse=True, max_bytes=3000)
    assert str(caught.value) == (
        "max_bytes cannot cut a sparse sample.\n"
        "  got: sparse=True and max_bytes=3000\n"
        "  expected: one of them: sparse rows differ in size, so it is not known before how many fit\n"
        "  do: Pass max_rows; what does not fit into the memory left is still refused."
    )


def test_days_are_strata_of_their_own_type(source):
    """Dates come back as dates."""
    sample = collect_sample(source, ["id"], seed=1, max_rows=10, stratify="day")
    assert set(sample.strata) == {dt.date(2013, 1, day) for day in (1, 2, 3, 4)}
