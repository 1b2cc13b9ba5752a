from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.measurement import SIZE, Measurement


@pytest.mark.parametrize("what", SIZE)
def test_each_kind_has_a_figure_that_is_compared(what):
    assert Measurement(what, "name", {SIZE[what]: 12}).size == 12.0


@pytest.mark.parametrize("value", [None, "text"])
def test_a_figure_that_is_not_known_is_zero(value):
    assert Measurement("frame", "name", {"depth": value}).size == 0.0
    assert Measurement("frame", "name", {}).size == 0.0


def test_what_it_was_made_from_is_not_compared():
    assert Measurement("closure", "f", {"bytes": 1}, result=object()) == Measurement(
        "closure", "f", {"bytes": 1}
    )
