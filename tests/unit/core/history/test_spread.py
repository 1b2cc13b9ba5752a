"""How the figures of tasks are spread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.history.model import Spread
from airflow_spark_guard.core.history.spread import Spreading


def spreading(values):
    found = Spreading()
    for value in values:
        found.add(value)
    return found


def test_without_a_value_there_is_none():
    assert Spreading().spread() is None
    assert Spreading().median() is None


def test_quartiles_are_those_of_sparks_ui():
    """The value at int(share * count)."""
    assert spreading([5, 1, 2, 4, 3]).spread() == Spread(5, 1, 2, 3, 4, 5, 15)
    assert spreading([7]).spread() == Spread(1, 7, 7, 7, 7, 7, 7)


@given(st.lists(st.floats(min_value=0, max_value=1e12), min_size=1, max_size=200))
def test_they_are_in_order(values):
    found = spreading(values).spread()
    assert found.count == len(values)
    assert found.low == min(values)
    assert found.high == max(values)
    assert found.low <= found.p25 <= found.median <= found.p75 <= found.high
    assert found.total == pytest.approx(sum(values))


def test_a_huge_stage_is_right_within_a_percent():
    """Its values are counted in buckets; the smallest, the largest and the sum stay exact."""
    values = [float(number) for number in range(200_000)]
    found = spreading(values).spread()
    assert (found.count, found.low, found.high, found.total) == (200_000, 0, 199_999, sum(values))
    for quartile, share in ((found.p25, 0.25), (found.median, 0.5), (found.p75, 0.75)):
        assert quartile == pytest.approx(share * 200_000, rel=0.01)


def test_a_huge_stage_of_nothing_has_quartiles_of_zero():
    assert spreading([0.0] * 60_000).spread() == Spread(60_000, 0, 0, 0, 0, 0, 0)


def test_a_late_value_counts_after_the_stage_was_folded():
    """The quartiles stay, within the smallest and the largest."""
    found = spreading([1, 2, 3])
    found.close()
    assert found.spread() == Spread(3, 1, 1, 2, 3, 3, 6)
    found.add(10)
    assert found.spread() == Spread(4, 1, 1, 2, 3, 10, 16)
    found.close()
    assert found.spread() == Spread(4, 1, 1, 2, 3, 10, 16)
    assert found.median() == 2
