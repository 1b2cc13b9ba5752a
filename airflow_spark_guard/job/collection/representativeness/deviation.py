"""How far a sample's figures are from its source's, in the errors that a fair draw is expected to make.

**The rule.** With deviation d of a figure and its expected error e, ``errors`` is

    d / sqrt(e^2 + reach * |d| / 3)

the width of Bernstein's inequality. ``reach`` is how far one drawn row alone can move the figure: the way
from the source's mean to its extreme value, divided by the rows drawn. No figure is taken for normally
distributed, then: where one row matters little (many rows, light tails, common categories), ``errors`` is
d / e; where one row matters much (heavy tails, counts near zero), it is less, and the comparison is more
forgiving. For counts near zero it asks for more than the exact limits of Poisson do.

**Expected errors** hold for draws without replacement: the finite population correction (N - n) / (N - 1) is
in all of them, so that they shrink to zero as the sample becomes the source. With weights the variance is the
larger of two: that of Kish's effective size, and sum w (w - 1) r^2 / (sum w)^2 with the residuals r, the
linearised variance of a weighted mean for rows drawn independently with unequal chances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Sums of floats in another order differ by less than this, relative to the largest value.
_SUMMATION = 1e-9


@dataclass(frozen=True)
class Figure:
    """One figure of one column, in source and sample.

    Attributes:
        column: name of the feature or label.
        kind: which comparison it is.
        figure: ``"mean"``, ``"25 %"`` (the quantile), ``"share of 'UA'"``, ``"nulls"`` (their share).
        source: in the column's unit; shares from 0 to 1.
        sample: the same of the sample, with its weights.
        expected_error: of a fair means, in the same unit; of a quantile in shares of the rows, since there
            the sample's share of rows below the source's value is what is compared.
        errors: the deviation in expected errors, by the rule of this module; positive where the sample's
            figure is the larger one, infinite where a draw from this source cannot give it.
    """

    column: str
    kind: Literal["mean", "quantile", "share", "nulls"]
    figure: str
    source: float
    sample: float
    expected_error: float
    errors: float


@dataclass(frozen=True)
class NumberSource:
    """What is known of a column of numbers in the source.

    Attributes:
        column: its name.
        rows: that could have been drawn.
        filled: those of them with a value.
        mean: of the values, as are ``sd`` (of the population), ``low`` and ``high``; NaN without any.
        quantiles: values at ``QUANTILES``.
        rank_error: of the quantiles, as a share of the rows.
    """

    column: str
    rows: int
    filled: int
    mean: float = math.nan
    sd: float = math.nan
    low: float = math.nan
    high: float = math.nan
    quantiles: tuple[float, ...] = ()
    rank_error: float = 0.0


@dataclass(frozen=True)
class TextSource:
    """What is known of a text column in the source.

    Attributes:
        column: its name.
        rows: that could have been drawn.
        filled: those of them with a text.
        counts: rows of its most frequent texts. They are the source's choice and not the sample's, whose
            luckiest texts would deviate, together, by more than chance allows.
    """

    column: str
    rows: int
    filled: int
    counts: Mapping[str, int] = field(default_factory=dict, hash=False)


class Means:
    """``drawn`` rows out of ``rows``, and what a mean over them can deviate by.

    Args:
        drawn: rows of the sample, at least 1.
        rows: of the source.
        weights: inverse inclusion probabilities, shape (drawn,); None for equal weights.
    """

    def __init__(self, drawn: int, rows: int, weights: Any = None) -> None:
        self.weights = weights
        self._total = drawn if weights is None else float(weights.sum())
        self._heaviest = (1.0 if weights is None else float(weights.max())) / self._total
        effective = drawn if weights is None else self._total**2 / float((weights**2).sum())
        # More rows than the source has: not drawn from it without replacement, so nothing to correct for.
        self._fraction = min(1.0, effective / rows) if drawn <= rows else 0.0
        left = 1.0 if not self._fraction else rows * (1 - self._fraction) / max(rows - 1, 1)
        self._per_variance = left / effective

    def mean(self, values: Any) -> float:
        """The weighted mean of ``values``, shape (drawn,)."""
        if self.weights is None:
            return float(values.mean(dtype="float64"))
        return float((self.weights * values).sum() / self._total)

    def error(self, variance: float, residuals: Any) -> float:
        """The expected error of a mean, from the source's variance and the sample's residuals."""
        squared = variance * self._per_variance
        if self.weights is not None:
            unequal = self.weights * (self.weights - 1).clip(0) * residuals**2
            squared = max(squared, float(unequal.sum()) / self._total**2)
        return math.sqrt(squared)

    def reach(self, own: float, other: float) -> float:
        """How far one row moves the mean: ``own`` and ``other`` are the ways to the extremes, d's side first.

        What is not drawn matters too, mirrored: the more rows are drawn, the more it counts.
        """
        if 1 - self._fraction < _SUMMATION:
            return 0.0
        return ((1 - self._fraction) * own + self._fraction * other) * self._heaviest


def limit(comparisons: int, false_alarms: float = 0.01) -> float:
    """Expected errors that one of so many comparisons of a fair sample exceeds this rarely (Bonferroni)."""
    return NormalDist().inv_cdf(1 - false_alarms / (2 * max(1, comparisons)))


def number_figures(source: NumberSource, values: Any, weights: Any = None) -> list[Figure]:
    """Nulls, mean and quantiles of a column of numbers.

    A mean that is not finite in the source (infinite values, overflow) is left out.

    Args:
        source: the source's figures.
        values: floats of the sample, shape (rows,), NaN for null; in the precision that they travelled in.
        weights: inverse inclusion probabilities, shape (rows,), or None.
    """
    filled = ~np.isnan(values)
    figures = _nulls(source, filled, weights)
    kept = values[filled]
    if not kept.size or not source.filled:
        return figures
    means = Means(kept.size, source.filled, None if weights is None else weights[filled])
    if math.isfinite(source.mean) and math.isfinite(source.sd):
        figures.append(_mean(source, kept, means))
    order = np.argsort(kept)
    ranks = np.cumsum(np.ones(kept.size) if means.weights is None else means.weights[order])
    for q, value in zip(QUANTILES, source.quantiles, strict=True):
        at = min(int(np.searchsorted(ranks, q * ranks[-1] * (1 - _SUMMATION))), kept.size - 1)
        error, errors = _rank_errors(means, kept, q, value, source.rank_error)
        own = float(kept[order[at]])
        figures.append(Figure(source.column, "quantile", f"{q * 100:g} %", value, own, error, errors))
    return figures


def text_figures(
    source: TextSource, codes: Any, categories: Sequence[str], weights: Any = None
) -> list[Figure]:
    """Nulls, the share of each text that is looked at, and that of all others together.

    Args:
        source: the source's figures.
        codes: positions in ``categories``, shape (rows,), NaN for null.
        categories: the texts by code.
        weights: inverse inclusion probabilities, shape (rows,), or None.
    """
    filled = ~np.isnan(codes)
    figures = _nulls(source, filled, weights)
    kept = codes[filled]
    if not kept.size or not source.filled:
        return figures
    means = Means(kept.size, source.filled, None if weights is None else weights[filled])
    places = {text: i for i, text in enumerate(categories)}
    # A text that the sample does not know has no code; no row has -1.
    looked_at = [places.get(text, -1) for text in source.counts]
    for (text, count), code in zip(source.counts.items(), looked_at, strict=True):
        hits = kept == code
        figures.append(
            _share(means, (source.column, "share", f"share of '{text}'"), count, source.filled, hits)
        )
    others = max(0, source.filled - sum(source.counts.values()))
    hits = ~np.isin(kept, looked_at)
    if others or hits.any():
        figures.append(
            _share(means, (source.column, "share", "share of others"), others, source.filled, hits)
        )
    return figures


def _nulls(source: NumberSource | TextSource, filled: Any, weights: Any) -> list[Figure]:
    nulls = source.rows - source.filled
    if not filled.size or (not nulls and filled.all()):
        return []
    means = Means(filled.size, source.rows, weights)
    return [_share(means, (source.column, "nulls", "nulls"), nulls, source.rows, ~filled)]


def _share(means: Means, of: tuple[str, Any, str], count: int, rows: int, hits: Any) -> Figure:
    share, own = count / rows, means.mean(hits)
    error = means.error(share * (1 - share), hits - share)
    # What no row or every row of the source has cannot be drawn otherwise: infinitely many errors.
    ways = (1 - share, share) if own > share else (share, 1 - share)
    reach = means.reach(*ways) if 0 < count < rows else 0.0
    return Figure(*of, share, own, error, _errors(own - share, error, reach, _SUMMATION))


def _mean(source: NumberSource, kept: Any, means: Means) -> Figure:
    values = kept.astype("float64")
    own = means.mean(values)
    error = means.error(source.sd**2, values - source.mean)
    up, down = source.high - source.mean, source.mean - source.low
    reach = means.reach(*((up, down) if own > source.mean else (down, up)))
    precision = (float(np.finfo(kept.dtype).eps) + _SUMMATION) * max(abs(source.low), abs(source.high))
    errors = _errors(own - source.mean, error, reach, precision)
    return Figure(source.column, "mean", "mean", source.mean, own, error, errors)


def _rank_errors(means: Means, kept: Any, q: float, value: float, rank_error: float) -> tuple[float, float]:
    """Expected error and errors of the share of rows below a quantile of the source."""
    # One step to either side: two ways of rounding a number to float32 may differ by one.
    with np.errstate(over="ignore"):
        rounded = kept.dtype.type(value)
    infinity = kept.dtype.type(np.inf)
    below = means.mean(kept < np.nextafter(rounded, -infinity))
    up_to_value = kept <= np.nextafter(rounded, infinity)
    up_to = means.mean(up_to_value)
    # With ties a whole range of shares is right.
    apart = max(below - q, 0.0) + min(up_to - q, 0.0)
    error = means.error(q * (1 - q), up_to_value - q) + rank_error
    reach = means.reach(*((1 - q, q) if apart > 0 else (q, 1 - q)))
    # More rows below the source's value: the sample's own quantile is the smaller one.
    return error, -_errors(apart, error, reach, _SUMMATION)


def _errors(deviation: float, error: float, reach: float, tolerance: float) -> float:
    beyond = max(0.0, abs(deviation) - tolerance)
    # Compared before the division: a deviation of zero stays zero, whatever the error, without 0 / 0.
    if not beyond:
        return 0.0
    width = math.sqrt(error**2 + reach * beyond / 3)
    return math.copysign(beyond / width if width else math.inf, deviation)
