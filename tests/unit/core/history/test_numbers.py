"""Numbers of untrusted JSON."""

import math

import pytest

from airflow_spark_guard.core.history.numbers import moment_of, number_of

NONE = [None, True, "3", [3], {}, 10**400, -(10**400), math.inf, -math.inf, math.nan, 1e15]


@pytest.mark.parametrize("value", NONE)
def test_what_cannot_be_calculated_with_is_none(value):
    assert number_of(value) is None
    assert moment_of(value) is None


@pytest.mark.parametrize("value", [0, -1, 253_402_300_800])
def test_a_time_that_no_calendar_has_is_none(value):
    assert number_of(value) == value
    assert moment_of(value) is None


def test_others_are_as_they_are():
    assert number_of(3) == moment_of(3) == 3.0
