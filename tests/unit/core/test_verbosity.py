"""The level of the instruments: what is one, and what the driver's Python finds of it."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.errors import ArgumentError
from airflow_spark_guard.core.verbosity import (
    VARIABLE,
    check_literal_verbosity,
    checked_verbosity,
    environment_of,
    without_launcher,
)
from airflow_spark_guard.job import wire


@pytest.mark.parametrize(
    ("value", "level"), [(None, None), ("", None), (" ", None), (0, 0), (3, 3), ("2", 2), (" 1\n", 1)]
)
def test_a_number_and_its_text_are_a_level(value, level):
    """Jinja leaves text; a template without a value is empty."""
    assert checked_verbosity(value) == level


@pytest.mark.parametrize("value", [4, -1, True, 1.0, "two", "None", "٣", "{{ x }}", [1], {"a": 1}])
def test_anything_else_is_named(value):
    """What, got, expected, what to do."""
    with pytest.raises(
        ArgumentError, match=r"^verbosity is not valid.\n  got: .+\n  expected: 0 \(nothing\), "
    ):
        checked_verbosity(value)


def test_what_is_not_rendered_yet_is_left_to_the_task():
    """As a profile."""
    check_literal_verbosity("{{ params.verbosity }}")
    check_literal_verbosity(type("XComArg", (), {"resolve": None})())
    with pytest.raises(ArgumentError):
        check_literal_verbosity("loud")


def test_the_environment_has_it_only_if_it_is_set():
    """Else the user's own variable holds; 0 switches that off."""
    assert (environment_of(None), environment_of(0)) == ({}, {VARIABLE: "0"})
    assert wire.VERBOSITY_ENV == VARIABLE


def test_without_a_launcher_a_level_is_said_to_have_no_effect():
    """0 and None expect nothing."""
    assert without_launcher(2).startswith("verbosity=2 has no effect: ")
    assert without_launcher(0) == without_launcher(None) == ""
