"""Which rows are drawn: shares and numbers, over thousands of seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_spark_guard.job.collection.draw import Draw, own_seed, share_for
from airflow_spark_guard.job.collection.selection import smallest

# 99.9 % points of chi-square.
CHI2_999 = {19: 43.82, 49: 85.35}


@given(of=st.integers(1, 10**9), part=st.floats(0, 1))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_share_has_five_standard_deviations_to_spare(of, part):
    """The expected number of rows lies at least five standard deviations above what is needed."""
    rows = max(1, int(of * part))
    share = share_for(rows, of)
    assert 0 < share <= 1
    if share < 1:
        assert of * share - rows >= 5 * math.sqrt(rows * (1 - rows / of))


@pytest.mark.parametrize(("rows", "of", "share"), [(0, 0, 1.0), (5, 5, 1.0), (6, 5, 1.0), (3, 4, 1.0)])
def test_all_rows_are_asked_for_where_few_would_be_left(rows, of, share):
    """The share never exceeds 1, and an empty source is asked for whole."""
    assert share_for(rows, of) == share


def test_no_rows_of_many_are_a_tiny_share():
    """Zero rows of a million still leave the surplus alone."""
    assert share_for(0, 1_000_000) == pytest.approx(5 / 1_000_000)


def test_a_draw_hardly_ever_falls_short():
    """Of 20,000 binomial draws with that share not one brings fewer rows than needed."""
    rng = np.random.default_rng(1)
    for rows, of in ((1, 100), (10, 1000), (500, 5000), (4990, 5000), (20_000, 10**6)):
        assert rng.binomial(of, share_for(rows, of), 20_000).min() >= rows


def test_smallest_takes_each_row_equally_often():
    """Over 4,000 seeds the inclusions of 20 rows, 7 drawn, pass chi-square at 99.9 %."""
    seeds, rows, taken = 4000, 20, 7
    counts = np.zeros(rows)
    for seed in range(seeds):
        counts[smallest(np.random.default_rng(seed).random(rows), taken)] += 1
    expected = seeds * taken / rows
    # Without replacement the counts vary less than independent ones: by 1 - taken / rows.
    statistic = ((counts - expected) ** 2 / expected).sum() / (1 - taken / rows) * (rows - 1) / rows
    assert statistic < CHI2_999[19]
    assert counts.sum() == seeds * taken


def test_seeds_are_spread_over_64_bits():
    """Seeds side by side share nothing, none is passed on as it is, and each keeps its own."""
    seeds = [own_seed(seed) for seed in (*range(-500, 500), 2**63 - 1, -(2**63))]
    assert len(set(seeds)) == 1002
    assert all(-(2**63) <= seed < 2**63 for seed in seeds)
    assert own_seed(7) == own_seed(7) != 7


def test_exponential_numbers_draw_by_weight():
    """Over 20,000 seeds the smallest -log(1-u)/w draws like drawing one after the other by weight."""
    weights = np.array([1.0, 2.0, 3.0, 6.0])
    uniform = np.random.default_rng(5).random((20_000, 4))
    order = np.argsort(np.log(-np.log1p(-uniform)) - np.log(weights), axis=1)
    first = np.bincount(order[:, 0], minlength=4) / 20_000
    np.testing.assert_allclose(first, weights / 12, atol=4 * 0.5 / math.sqrt(20_000))
    second = sum(
        weights[i] / 12 * np.where(np.arange(4) == i, 0, weights / (12 - weights[i])) for i in range(4)
    )
    np.testing.assert_allclose(
        np.bincount(order[:, 1], minlength=4) / 20_000, second, atol=4 * 0.5 / math.sqrt(20_000)
    )


@pytest.mark.spark
class TestInSpark:
    """What Spark computes of a row."""

    def numbers(self, spark, draw, rows=2000):
        from pyspark.sql import functions as sf

        frame = spark.range(0, rows, 1, 3).select(
            sf.col("id"),
            (sf.col("id") % 7).alias("k"),
            sf.when(sf.col("id") % 2 == 0, sf.lit(1)).otherwise(sf.lit(4)).alias("w"),
        )
        return frame.select("id", "k", "w", sf.expr(draw.priority_sql()).alias("priority"))

    def test_the_number_of_a_key_is_its_hash(self, spark):
        """Equal keys have one number, another seed gives others, and it is Spark's xxhash64 of seed and key."""
        rows = self.numbers(spark, Draw(3, ("k",)), 70).collect()
        by_key = {row["k"]: row["priority"] for row in rows}
        assert len(by_key) == len(set(by_key.values())) == 7
        assert all(row["priority"] == by_key[row["k"]] for row in rows)
        expected = spark.range(1).selectExpr(f"xxhash64({own_seed(3)}L, 5L) AS h").first()["h"]
        assert by_key[5] == expected
        other = {row["k"]: row["priority"] for row in self.numbers(spark, Draw(4, ("k",)), 70).collect()}
        assert not set(other.values()) & set(by_key.values())

    @pytest.mark.parametrize(
        "draw",
        [
            Draw(3),
            Draw(3, ("id",)),
            Draw(3, (), "w", -math.log(2.5)),
            Draw(3, ("id",), "w", -math.log(2.5)),
        ],
        ids=["rand", "key", "weight", "weight and key"],
    )
    @pytest.mark.parametrize("share", [0.1, 0.6])
    def test_below_a_share_lie_about_as_many_rows(self, spark, draw, share):
        """Within four standard deviations; weights of 1 and 4 give what their exponentials promise."""
        found = self.numbers(spark, draw).where(draw.below(share)).count()
        if draw.weight:
            bound = -math.log1p(-share) * math.exp(draw.log_rate)
            share = (-math.expm1(-bound) - math.expm1(-4 * bound)) / 2
        assert abs(found - 2000 * share) < 4 * math.sqrt(2000 * share * (1 - share))

    @pytest.mark.parametrize(
        "draw", [Draw(3), Draw(3, ("id",)), Draw(3, ("id",), "w")], ids=["rand", "key", "weight"]
    )
    def test_the_whole_share_is_every_row(self, spark, draw):
        """Below 1 nothing is left out, not even the largest hash."""
        assert self.numbers(spark, draw).where(draw.below(1.0)).count() == 2000

    def test_weights_by_key_are_exponential(self, spark):
        """The hash becomes the logarithm of an exponential number: its mean times the weight is 1."""
        rows = self.numbers(spark, Draw(9, ("id",), "w")).collect()
        for weight in (1, 4):
            logarithms = np.array([row["priority"] for row in rows if row["w"] == weight])
            assert np.isfinite(logarithms).all()
            values = np.exp(logarithms)
            assert (values > 0).all()
            assert abs(values.mean() * weight - 1) < 4 / math.sqrt(len(values))
