"""Shapes of data that would give another sample than the one asked for, without an error: on a real Spark."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job import SampleError, Stratify, collect_sample, to_spark
from airflow_spark_guard.job.collection import collector
from airflow_spark_guard.job.collection.errors import SampleWarning

pytestmark = pytest.mark.spark
SLOW = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FEW = settings(SLOW, max_examples=4)
PARTS = {"train": 0.6, "valid": 0.2, "test": 0.2}
# 99.9 % point of chi-square with nine degrees of freedom.
CHI2_999 = 27.88


@pytest.fixture(scope="module")
def source(spark):
    """4,000 rows in 3 partitions."""
    return spark.range(0, 4000, 1, 3).withColumnRenamed("id", "x").cache()


def quiet(*arguments, **options):
    """The sample, and what it warns of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        sample = collect_sample(*arguments, **options)
    texts = [str(one.message) for one in said if one.category is SampleWarning]
    assert tuple(texts) == sample.report.warnings
    return sample, texts


@given(
    null_share=st.sampled_from([0.0, 0.5, 0.9]),
    keys=st.sampled_from([20, 700, 4000]),
    seed=st.integers(0, 99),
)
@FEW
def test_rows_without_a_key_of_their_own_are_drawn_alike(source, null_share, keys, seed):
    """Null keys get their share, over the whole range of values; what keys leave open is told."""
    frame = source.selectExpr("x", f"IF(x % 10 < {10 * null_share}, NULL, x % {keys}) AS k")
    counts, nulls = np.zeros(10), []
    for more in range(3):
        sample, said = quiet(frame, ["x"], seed=seed + 1000 * more, key="k", max_rows=500)
        x = sample.X[:, 0].astype(int)
        without = x % 10 < 10 * null_share
        nulls.append(without.mean())
        counts += np.histogram(x[without], bins=10, range=(0, 4000))[0]
        assert any("have no key (a null in k)" in text for text in said) == bool(null_share)
        if keys == 4000 or not without.all():
            assert any("share their key (k)" in text for text in said) == (keys < 4000)
    # Few keys that repeat come in whole groups, so their number varies with these.
    assert abs(np.mean(nulls) - null_share) < (0.05 if keys == 4000 else 0.2)
    if null_share:
        expected = counts.sum() / 10
        assert ((counts - expected) ** 2 / expected).sum() < CHI2_999


def test_the_key_that_is_cut_is_cut_by_chance(source):
    """Of the last key the rows taken are no smaller than those left."""
    frame = source.selectExpr("x", "x % 4 AS k")
    ranks = []
    for seed in range(6):
        x = quiet(frame, ["x"], seed=seed, key="k", max_rows=1500)[0].X[:, 0].astype(int)
        keys, counts = np.unique(x % 4, return_counts=True)
        ranks.append(x[x % 4 == keys[counts < 1000][0]].mean())
    # The mean of 500 of 1,000 has a standard error of 36.5, that of six such means 15.
    assert abs(np.mean(ranks) - 1999.5) < 60


@given(
    flaw=st.sampled_from(["NULL", "DOUBLE('NaN')", "DOUBLE('Infinity')", "1e300"]),
    form=st.sampled_from(["{0}", "array(1D, {0})", "IF(x % {1} = 3, array(1D), array(1D, 2D))"]),
    every=st.sampled_from([40, 120]),
    seed=st.integers(0, 99),
)
@SLOW
def test_only_the_rows_drawn_are_judged(source, flaw, form, every, seed):
    """A null, an infinite value, an odd length beside the sample never refuses it; one in it always does."""
    value = form.format(f"IF(x % {every} = 3, {flaw}, 1D)", every)
    frame = source.selectExpr("x", f"{value} AS v")
    taken = quiet(source, ["x"], seed=seed, key="x", max_rows=60)[0].X[:, 0].astype(int)
    try:
        sample, _ = quiet(frame, ["x", "v"], seed=seed, key="x", max_rows=60)
    except SampleError:
        assert (taken % every == 3).any()
    else:
        assert not (taken % every == 3).any()
        assert sample.X[:, 0].astype(int).tolist() == taken.tolist()


@pytest.mark.parametrize("rare", ["IF(x = 7, 1D, NULL)", "IF(x = 7, array(1D, 2D), NULL)"])
def test_a_column_with_one_value_is_not_null_in_every_row(source, rare):
    """Drawn without it, the sample says so and keeps NaN; the width is that of the row that has it."""
    frame = source.selectExpr("x", f"{rare} AS v")
    sample, said = quiet(frame, ["x", "v"], seed=1, key="x", max_rows=20, nulls="nan")
    assert sample.X.shape == (20, 3 if "array" in rare else 2)
    assert np.isnan(sample.X[:, 1:]).all()
    assert said == ["Columns without a value in any of the 20 rows drawn: v."]
    with pytest.raises(SampleError, match="got: v: 20 \\(of 20 rows drawn\\)"):
        collect_sample(frame, ["x", "v"], seed=1, key="x", max_rows=20)
    with pytest.raises(SampleError, match="^Column 'v' is null in every row.\n  got: 3999 rows"):
        collect_sample(frame.where("x != 7"), ["x", "v"], seed=1, key="x", nulls="nan")


@given(scale=st.sampled_from(["1e-310", "4.9e-324", "1e-100", "1e100", "1e308"]), spread=st.booleans())
@SLOW
def test_weights_of_every_size_draw_alike(source, scale, spread):
    """Only their proportions count: the rows and weights are those of plain numbers."""
    own = "(1 + x % 3)" if spread and scale not in ("4.9e-324", "1e308") else "1"
    options = {"seed": 3, "max_rows": 300, "weight": "w", "key": "x"}
    plain = collect_sample(source.selectExpr("x", f"CAST({own} AS DOUBLE) AS w"), ["x"], **options)
    scaled = collect_sample(
        source.selectExpr("x", f"{own} * CAST('{scale}' AS DOUBLE) AS w"), ["x"], **options
    )
    np.testing.assert_array_equal(plain.X, scaled.X)
    np.testing.assert_allclose(plain.sample_weight, scaled.sample_weight, rtol=1e-9)
    assert scaled.report.passes == ("weights", "rows")


@pytest.mark.parametrize("told", [None, 0, 900, 4000, 10**9])
@pytest.mark.parametrize("nulls", ["error", "drop"])
def test_a_fraction_is_of_what_there_is(source, told, nulls):
    """Whatever total_rows says; with nulls="drop" of the complete rows."""
    frame = source.selectExpr(
        "x", "IF(x % 4 = 0 AND x >= 2000, NULL, 1) AS v" if nulls == "drop" else "1 AS v"
    )
    sample = collect_sample(frame, ["x", "v"], seed=1, fraction=0.1, total_rows=told, nulls=nulls)
    assert sample.X.shape[0] == (350 if nulls == "drop" else 400)


def test_total_rows_leaves_the_memory_check_on(source, monkeypatch):
    """More than fits is refused before a row is read, and a number too small does not help."""
    monkeypatch.setattr(collector, "memory_left", lambda: 10_000)
    for told in (4000, 10):
        with pytest.raises(SampleError, match="^The sample does not fit .*\n  got: 4,000 rows of 4 bytes"):
            collect_sample(source, ["x"], seed=1, max_rows=4000, total_rows=told)


def test_texts_count_in_the_memory_left(source, monkeypatch):
    """Those of strata once each, however many rows have them; those of text columns as they come."""
    frame = source.selectExpr(
        "x", "concat(repeat('s', 5000), x % 2) AS s", "concat(repeat('t', 100), x) AS t"
    )
    sample, _ = quiet(frame, ["x"], seed=1, stratify="s", max_rows=1000)
    assert sample.strata.nbytes == 8000
    assert {len(text) for text in sample.strata} == {5001}
    monkeypatch.setattr(collector, "memory_left", lambda: 10_000)
    with pytest.raises(SampleError, match="and 9.9 KiB of different texts\n"):
        collect_sample(frame, ["x"], seed=1, stratify="s", max_rows=10)
    monkeypatch.setattr(collector, "memory_left", lambda: 200_000)
    with pytest.raises(SampleError, match="of different texts\n"):
        collect_sample(frame, ["t"], seed=1)


@pytest.mark.parametrize(
    ("column", "dtype", "found", "lost"),
    [
        ("CAST(16777217 AS INT)", "float32", "float32", True),
        ("16777217L", "auto", "float64", False),
        ("x", "auto", "float32", False),
        ("9007199254740993L", "auto", "float64", True),
        ("array(-16777217L)", "float32", "float32", True),
        ("TIMESTAMP'2020-01-01 00:00:01'", "float32", "float32", True),
        ("TIMESTAMP'2020-01-01 00:00:01'", "auto", "float64", False),
        ("1e300", "auto", "float64", False),
        ("16777217D", "float32", "float32", False),
        ("CAST(16777217 AS DECIMAL(20, 0))", "auto", "float64", False),
    ],
)
def test_digits_are_never_lost_without_a_word(source, column, dtype, found, lost):
    """Whole numbers and times beyond the floats are told by column; "auto" takes the floats that hold them."""
    frame = source.limit(50).selectExpr("x", f"{column} AS v")
    for features, label in ((["x", "v"], None), (["x"], "v"))[: 1 if "array" in column else 2]:
        sample, said = quiet(frame, features, label, seed=1, dtype=dtype)
        assert sample.X.dtype == found
        assert bool(said) == lost
        assert all("lose digits" in text and ": v." in text for text in said)


def test_collations_are_followed_or_refused(source):
    """Strata, keys and groups refuse them by name; codes and categories of features go letter by letter."""
    text = "element_at(array('A', 'a', 'B', 'b'), CAST(x % 4 AS INT) + 1) COLLATE UTF8_LCASE"
    frame = source.selectExpr("x", f"{text} AS c")
    for options in ({"stratify": "c"}, {"key": "c"}, {"split": PARTS, "group": "c"}):
        with pytest.raises(
            SampleError, match="^Column 'c' has a collation, .*\n  got: string collate UTF8_LCASE\n"
        ):
            collect_sample(frame, ["x"], seed=1, max_rows=100, **options)
    assert collect_sample(frame, ["c"], seed=1).report.categories == {"c": ("A", "B", "a", "b")}
    sample = collect_sample(
        frame.selectExpr("*", "x % 2 AS s"),
        ["c"],
        seed=1,
        nulls="drop",
        stratify="s",
        categorical={"c": ["a"]},
    )
    assert (sample.X.shape, sample.sample_weight.sum()) == ((1000, 1), 1000)


def test_columns_that_differ_in_case_are_refused_or_told_apart(spark, source):
    """As Spark sees them: ambiguous, unless the session tells case apart."""
    frame = source.selectExpr("x", "x AS a", "2 * x AS A").toDF("x", "a", "A")
    with pytest.raises(SampleError, match="^Spark cannot distinguish column 'a' .*\n  got: a, A\n"):
        collect_sample(frame, ["a"], seed=1)
    with pytest.raises(SampleError, match="^Spark cannot distinguish column 'A' "):
        collect_sample(frame, ["x"], seed=1, key="A")
    assert collect_sample(frame, ["x"], seed=1, max_rows=5).X.shape == (5, 1)
    spark.conf.set("spark.sql.caseSensitive", "true")
    try:
        sample = collect_sample(frame, ["a", "A"], seed=1, max_rows=5)
    finally:
        spark.conf.set("spark.sql.caseSensitive", "false")
    np.testing.assert_array_equal(sample.X[:, 1], 2 * sample.X[:, 0])


def test_numbers_of_numpy_are_numbers(source):
    """As arguments they are what Python's own are; a fraction of 1 is all rows."""
    plain = collect_sample(source, ["x"], seed=7, max_rows=30, key="x")
    other = collect_sample(
        source, ["x"], seed=np.int64(7), max_rows=np.int32(30), key="x", total_rows=np.uint32(4000)
    )
    np.testing.assert_array_equal(plain.X, other.X)
    assert collect_sample(source, ["x"], seed=1, max_bytes=np.int64(400)).X.shape == (100, 1)
    assert collect_sample(source, ["x"], seed=1, fraction=np.float32(0.5)).X.shape == (2000, 1)
    assert collect_sample(source, ["x"], seed=1, fraction=1).X.shape == (4000, 1)
    assert Stratify("x", at_least=np.int64(2)).at_least == 2


def test_a_sparse_sample_is_refused_on_its_way_back(spark):
    """By that name, as is a sparse matrix."""
    from pyspark.ml.linalg import Vectors

    frame = spark.createDataFrame([(Vectors.sparse(3, [0], [2.0]),)] * 2, ["v"])
    sample = collect_sample(frame, ["v"], seed=1, sparse=True)
    for data in (sample, sample.X):
        with pytest.raises(SampleError, match="^A sparse matrix cannot become columns.\n  got: csr_array"):
            to_spark(spark, data)


@given(seed=st.integers(0, 99), wider=st.booleans(), nulls=st.booleans())
@SLOW
def test_a_split_keeps_groups_together_as_data_grow(source, seed, wider, nulls):
    """No group lies in two parts; next month, in more rows and a wider type, each is where it was."""
    group = f"IF({'x % 50 = 0' if nulls else 'false'}, NULL, x DIV 20)"
    frame = source.selectExpr("x", f"CAST({group} AS INT) AS g")
    options = {"seed": seed, "split": PARTS, "group": "g"}
    first, said = quiet(frame.where("x < 3000"), ["x"], **options)
    grown, _ = quiet(
        frame.selectExpr("x", "CAST(g AS BIGINT) AS g" if wider else "g"), ["x"], max_rows=2000, **options
    )
    part_of = {}
    for sample in (first, grown):
        for x, part in zip(sample.X[:, 0].astype(int).tolist(), sample.parts, strict=True):
            own = None if nulls and x % 50 == 0 else x // 20
            assert part_of.setdefault(own, part) == part
    assert any("have no value in g" in text for text in said) == nulls
    assert part_of.get(None, "train") == "train"
    shares = [list(part_of.values()).count(name) / len(part_of) for name in PARTS]
    # 200 groups: four standard deviations.
    assert all(abs(share - wanted) < 0.14 for share, wanted in zip(shares, PARTS.values(), strict=True))
    train = first.part("train")
    assert train.X.shape[0] == (first.parts == "train").sum() == train.report.rows_taken
    with pytest.raises(SampleError, match="^The sample has no part 'nope'."):
        first.part("nope")


def test_a_split_does_not_follow_the_draw(source):
    """By the same key and seed, the rows drawn lie in every part as often as they should."""
    sample, _ = quiet(source, ["x"], seed=5, key="x", max_rows=1000, split=PARTS)
    shares = [(sample.parts == name).mean() for name in PARTS]
    assert all(abs(share - wanted) < 0.07 for share, wanted in zip(shares, PARTS.values(), strict=True))


def test_a_sample_comes_back_from_its_file(source, tmp_path):
    """With strata, weights, parts and report, and it can still be compared with its source."""
    frame = source.selectExpr("x", "concat('t', x % 3) AS t", "array(x, -x) AS pair", "x % 5 AS s")
    options = {"seed": 1, "max_rows": 500, "stratify": "s", "split": PARTS, "key": "x"}
    sample, _ = quiet(frame, ["pair", "t"], "x", **options)
    sample.save(tmp_path / "sample.parquet")
    loaded = type(sample).load(tmp_path / "sample.parquet")
    for name in ("X", "y", "strata", "sample_weight", "parts"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(sample, name))
    assert loaded.report.as_dict() == sample.report.as_dict()
    assert loaded.report.representativeness(frame).stands
    back = loaded.to_pandas(dtypes="source")
    assert [str(kind) for kind in back.dtypes] == ["int64", "int64", "category", "int64"]
