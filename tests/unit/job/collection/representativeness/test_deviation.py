"""The statistics of the comparison: rare false alarms on fair samples, and findings on unfair ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from airflow_spark_guard.job.collection.representativeness.deviation import (
    QUANTILES,
    Means,
    NumberSource,
    TextSource,
    limit,
    number_figures,
    text_figures,
)

ROWS = 20_000
SHAPES = {
    "uniform": lambda rng: rng.uniform(size=ROWS),
    "normal": lambda rng: rng.normal(50, 3, ROWS),
    "exponential": lambda rng: rng.exponential(5, ROWS),
    "lognormal": lambda rng: rng.lognormal(0, 2, ROWS),
    "pareto": lambda rng: rng.pareto(1.1, ROWS),
    "rare": lambda rng: (rng.uniform(size=ROWS) < 1e-3).astype(float),
    "ties": lambda rng: rng.poisson(1.5, ROWS).astype(float),
    "outlier": lambda _: np.r_[1e9, np.zeros(ROWS - 1)],
}


@pytest.fixture(scope="module")
def population():
    """One column of each shape."""
    return {name: make(np.random.default_rng(1)) for name, make in SHAPES.items()}


def number_source(name, values):
    """What Spark would say of these values."""
    filled = values[~np.isnan(values)]
    if not filled.size:
        return NumberSource(name, values.size, 0)
    quantiles = tuple(np.quantile(filled, QUANTILES, method="inverted_cdf").tolist())
    moments = filled.mean(), filled.std(), filled.min(), filled.max()
    return NumberSource(name, values.size, filled.size, *(float(moment) for moment in moments), quantiles)


def text_source(codes, texts):
    """What Spark would say of texts with these codes: its 20 most frequent ones."""
    counts = np.bincount(codes, minlength=len(texts))
    most = {texts[i]: int(counts[i]) for i in np.argsort(-counts)[:20] if counts[i]}
    return TextSource("text", codes.size, codes.size, most)


def found(figures, extra=0):
    """Whether one of the figures is beyond the limit."""
    return any(abs(figure.errors) > limit(len(figures) + extra) for figure in figures)


def alarms(population, drawn, seeds):
    """How many of ``seeds`` fair samples are said to differ."""
    sources = {name: number_source(name, values) for name, values in population.items()}
    count = 0
    for seed in range(seeds):
        rows = np.random.default_rng(seed).permutation(ROWS)[:drawn]
        count += found(
            [
                figure
                for name, values in population.items()
                for figure in number_figures(sources[name], values[rows].astype("float32"))
            ]
        )
    return count


@pytest.mark.parametrize(("drawn", "seeds"), [(30, 200), (1000, 200), (10_000, 100), (19_800, 70)])
def test_fair_samples_are_rarely_said_to_differ(population, drawn, seeds):
    """At most about 1 % of fair samples alarm, from 30 rows to nearly all, whatever the shape of the column."""
    assert alarms(population, drawn, seeds) <= 0.015 * seeds


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "outlier"])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_mean_moved_by_ten_errors_is_found(population, shape, direction):
    """A sample of 2,000 rows shifted by ten standard errors differs, among 60 comparisons."""
    values = population[shape]
    source = number_source(shape, values)
    for seed in range(20):
        drawn = np.random.default_rng(seed).choice(values, 2000, replace=False)
        moved = drawn + direction * 10 * source.sd / math.sqrt(2000)
        assert found(number_figures(source, moved), extra=54)


@pytest.mark.parametrize("shape", ["uniform", "normal", "exponential", "lognormal", "pareto", "ties"])
def test_a_sample_from_one_end_is_found(population, shape):
    """The first tenth of the sorted source, or a draw that prefers large values, differs."""
    values = np.sort(population[shape])
    source = number_source(shape, values)
    assert found(number_figures(source, values[:2000]))
    preferring = np.linspace(1, 2, ROWS) / np.linspace(1, 2, ROWS).sum()
    drawn = np.random.default_rng(1).choice(values, 2000, replace=False, p=preferring)
    assert found(number_figures(source, drawn))


def test_more_rare_events_than_drawn_by_chance_are_found(population):
    """Of one in a thousand, 2,000 rows hold about two: 5 pass, 17 do not."""
    source = number_source("rare", population["rare"])
    for events, differs in ((0, False), (5, False), (17, True)):
        sample = np.r_[np.ones(events), np.zeros(2000 - events)]
        assert found(number_figures(source, sample), extra=54) is differs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_source_itself_equals_the_source(population, dtype):
    """Every row, shuffled and rounded to float32, deviates in nothing, not even by rounding."""
    for name, values in population.items():
        own = np.random.default_rng(2).permutation(values).astype(dtype)
        assert [figure.errors for figure in number_figures(number_source(name, values), own)] == [0.0] * 6


def test_seconds_in_float32_are_no_deviation():
    """Seconds since 1970 lose two minutes in float32, which is told apart from sampling."""
    seconds = 1.7e9 + np.random.default_rng(3).uniform(0, 3e7, ROWS)
    figures = number_figures(number_source("at", seconds), seconds.astype("float32"))
    assert [figure.errors for figure in figures] == [0.0] * 6


def test_one_other_value_in_a_full_copy_is_impossible():
    """With every row there, a deviation is no matter of chance: infinitely many errors."""
    values = np.arange(1000.0)
    other = np.r_[values[:-1], 5000.0]
    mean = number_figures(number_source("n", values), other)[0]
    assert (mean.figure, mean.errors, mean.expected_error) == ("mean", math.inf, 0.0)


def test_constant_columns_divide_by_nothing():
    """A constant is equal to itself, and any other value is impossible."""
    source = number_source("c", np.full(1000, 5.0))
    assert {figure.errors for figure in number_figures(source, np.full(10, 5.0))} == {0.0}
    assert number_figures(source, np.full(10, 6.0))[0].errors == math.inf


def test_empty_columns_have_their_nulls_compared_alone():
    """All null on both sides: equal. All null on one side alone: that is what differs."""
    nothing, full = np.full(1000, np.nan), np.arange(1000.0)
    (figure,) = number_figures(number_source("n", nothing), nothing[:50])
    assert (figure.figure, figure.source, figure.sample, figure.errors) == ("nulls", 1.0, 1.0, 0.0)
    assert found(number_figures(number_source("n", nothing), full[:50]))
    assert found(number_figures(number_source("n", full), nothing[:50]))
    assert text_figures(TextSource("t", 10, 0, {}), nothing[:5], ())[0].errors == 0.0


def test_means_of_infinite_values_are_left_out():
    """A column with infinity has no mean; its quantiles are compared all the same."""
    source = NumberSource("i", 100, 100, math.inf, math.nan, 0.0, math.inf, (0.0, 0.0, 0.0, 1.0, math.inf))
    values = np.r_[np.zeros(70), np.ones(20), np.full(10, np.inf)]
    figures = number_figures(source, values)
    assert [figure.kind for figure in figures] == ["quantile"] * 5
    assert not found(figures)


def test_more_nulls_than_in_the_source_are_found():
    """Their share is compared as any other share, and the rest without them."""
    rng = np.random.default_rng(4)
    values = np.where(rng.uniform(size=ROWS) < 0.2, np.nan, rng.normal(size=ROWS))
    source = number_source("n", values)
    drawn = rng.choice(values, 2000, replace=False)
    assert not found(number_figures(source, drawn))
    drawn[:300] = np.nan
    worst = max(number_figures(source, drawn), key=lambda figure: abs(figure.errors))
    assert worst.figure == "nulls"
    assert worst.errors > limit(7)


@pytest.mark.parametrize("drawn", [100, 2000, 19_000])
@pytest.mark.parametrize(("count", "seeds"), [(3, 300), (200, 120), (10_000, 60)])
def test_fair_samples_of_texts_are_rarely_said_to_differ(drawn, count, seeds):
    """Few categories or thousands, common or rare: about 1 % alarm."""
    rng = np.random.default_rng(5)
    texts = [f"t{i}" for i in range(count)]
    codes = np.r_[rng.integers(0, count, ROWS // 2), np.minimum(rng.zipf(1.5, ROWS // 2), count) - 1]
    source = text_source(codes, texts)
    hits = 0
    for seed in range(seeds):
        own = np.random.default_rng(seed).choice(codes, drawn, replace=False).astype("float32")
        hits += found(text_figures(source, own, texts))
    assert hits <= seeds / 60


def test_a_missing_category_is_found():
    """A category of 2 % that never comes in 2,000 rows differs, whether the sample knows the text or not."""
    texts = list("abcde")
    codes = np.random.default_rng(6).choice(5, ROWS, p=[0.5, 0.3, 0.15, 0.03, 0.02])
    own = codes[codes < 4][:2000].astype("float32")
    for known in (texts, texts[:4]):
        figures = text_figures(text_source(codes, texts), own, known)
        assert found(figures)
        assert max(figures, key=lambda figure: abs(figure.errors)).figure == "share of 'e'"


def test_texts_that_the_source_does_not_have_are_impossible():
    """They are among the others, of which the source has none: one row of them cannot come from it."""
    codes = np.random.default_rng(6).choice(2, ROWS, p=[0.6, 0.4])
    own = np.r_[codes[:2000], 2].astype("float32")
    figures = text_figures(text_source(codes, ["a", "b"]), own, ["a", "b", "c"])
    assert [figure.figure for figure in figures] == ["share of 'a'", "share of 'b'", "share of others"]
    assert figures[-1].errors == math.inf


def balanced(seed, values, rare, drawn):
    """As many rows with the rare thing as without, and their weights."""
    rng = np.random.default_rng(seed)
    parts = [rng.choice(np.flatnonzero(rare == side), drawn // 2, replace=False) for side in (0, 1)]
    weights = np.repeat([(rare == side).sum() / (drawn // 2) for side in (0, 1)], drawn // 2)
    return values[np.concatenate(parts)], weights


@pytest.mark.parametrize("shape", ["label", "related", "lognormal"])
def test_balanced_samples_stand_with_their_weights_and_fall_without(shape):
    """Half the rows of a class of 2 %: fair with weights, found without where the column follows the class."""
    rng = np.random.default_rng(7)
    rare = (rng.uniform(size=ROWS) < 0.02).astype(float)
    values = {
        "label": rare,
        "related": rng.normal(size=ROWS) + 3 * rare,
        "lognormal": rng.lognormal(0, 2, ROWS),
    }
    source = number_source(shape, values[shape])
    hits = 0
    for seed in range(120):
        own, weights = balanced(seed, values[shape], rare, 400)
        hits += found(number_figures(source, own, weights))
        assert shape == "lognormal" or found(number_figures(source, own))
    assert hits <= 2


def test_weights_that_follow_the_values_are_reckoned_with():
    """Rows drawn with a chance that falls with their value: fair with weights at about 1 % alarms."""
    values = np.random.default_rng(8).exponential(1, ROWS)
    chance = np.clip(0.2 / (0.2 + values), 0.02, 1)
    source = number_source("n", values)
    hits = 0
    for seed in range(200):
        drawn = np.random.default_rng(seed).uniform(size=ROWS) < chance
        weights = 1 / chance[drawn]
        hits += found(number_figures(source, values[drawn], weights * ROWS / weights.sum()))
        assert found(number_figures(source, values[drawn]))
    assert hits <= 3


def test_equal_weights_are_no_weights(population):
    """Weights of N / n each give the very errors of a plain draw."""
    values = population["exponential"]
    source = number_source("n", values)
    own = np.random.default_rng(9).choice(values, 500, replace=False)
    plain, weighted = number_figures(source, own), number_figures(source, own, np.full(500, ROWS / 500))
    for one, other in zip(plain, weighted, strict=True):
        assert other.sample == pytest.approx(one.sample)
        assert other.expected_error == pytest.approx(one.expected_error, rel=0.1)


def test_the_error_of_a_mean_is_that_of_repeated_draws(population):
    """The expected error equals the spread of the means of many draws, also of half the source."""
    values = population["exponential"]
    for drawn in (100, 10_000):
        means = [np.random.default_rng(seed).permutation(values)[:drawn].mean() for seed in range(800)]
        expected = Means(drawn, ROWS).error(values.var(), values[:drawn] - values.mean())
        assert np.std(means) == pytest.approx(expected, rel=0.08)


def test_more_rows_than_the_source_have_no_correction():
    """A sample larger than the source cannot be a part of it; its error is that of independent draws."""
    assert Means(200, 100).error(1.0, None) == pytest.approx(math.sqrt(1 / 200))


def test_the_limit_grows_slowly_with_the_comparisons():
    """1 % in all: 2.6 errors for one comparison, 3.8 for 63, 4.9 for 10,000."""
    assert [round(limit(count), 1) for count in (0, 1, 63, 10_000)] == [2.6, 2.6, 3.8, 4.9]
