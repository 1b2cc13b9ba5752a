"""How a figure is spread over many tasks, in little memory: exact for a stage of usual size."""

from __future__ import annotations

import math
from array import array
from collections import Counter

from airflow_spark_guard.core.history.model import Spread

_EXACT = 50_000
"""Values that are kept as they are; more are counted in buckets, whose values differ by at most 1 %."""
_WIDTH = math.log(1.01)
_SHARES = (0.25, 0.5, 0.75)


class Spreading:
    """Takes the values of tasks one by one; none is negative."""

    __slots__ = ("_buckets", "_folded", "_values")

    def __init__(self) -> None:
        self._values = array("d")
        self._buckets: Counter[int | None] | None = None
        self._folded: Spread | None = None

    def add(self, value: float) -> None:
        """Take a value."""
        values = self._values
        values.append(value)
        if len(values) >= _EXACT:
            self._fold()

    def median(self) -> float | None:
        """The median of the values so far; None without one."""
        spread = self.spread()
        return None if spread is None else spread.median

    def spread(self) -> Spread | None:
        """The spread of the values so far; None without one. Quartiles are chosen as Spark's UI does."""
        if not self._values:
            return self._folded
        values, before = sorted(self._values), self._folded
        if before is None:
            return _spread(values, [values[min(int(q * len(values)), len(values) - 1)] for q in _SHARES])
        quartiles = [before.p25, before.median, before.p75]
        if self._buckets is not None:
            quartiles = _quartiles(self._buckets + _counted(self._values))
        return _spread(values, quartiles, before)

    def close(self) -> None:
        """Forget the values. One that is taken later changes all but the quartiles."""
        self._folded = self.spread()
        self._values = array("d")
        self._buckets = None

    def _fold(self) -> None:
        """Move the values into buckets."""
        self._folded = self.spread()
        self._buckets = (self._buckets or Counter()) + _counted(self._values)
        self._values = array("d")


def _spread(values: list[float], quartiles: list[float], before: Spread | None = None) -> Spread:
    """The spread of sorted values with these quartiles, and of those before."""
    count, low, high, total = len(values), values[0], values[-1], math.fsum(values)
    if before is not None:
        count, low, high = before.count + count, min(before.low, low), max(before.high, high)
        total += before.total
    p25, median, p75 = (min(max(quartile, low), high) for quartile in quartiles)
    return Spread(count, low, p25, median, p75, high, total)


def _quartiles(buckets: Counter[int | None]) -> list[float]:
    """The quartiles of what was counted."""
    found: list[float] = []
    total, seen = buckets.total(), 0
    for bucket in sorted(buckets, key=lambda bucket: -math.inf if bucket is None else bucket):
        seen += buckets[bucket]
        while len(found) < len(_SHARES) and seen > int(_SHARES[len(found)] * total):
            found.append(0.0 if bucket is None else math.exp(bucket * _WIDTH))
    return found


def _counted(values: array[float]) -> Counter[int | None]:
    """The number of values in each bucket; that of 0 is None."""
    return Counter(round(math.log(value) / _WIDTH) if value > 0 else None for value in values)
