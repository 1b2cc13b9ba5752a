"""The level: an argument, else the environment, else warnings."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.errors import OptionError
from airflow_spark_guard.job.instruments.verbosity import VARIABLE, Verbosity, verbosity


def test_an_argument_comes_before_the_environment():
    """0 is an argument."""
    assert verbosity(0, {VARIABLE: "3"}) is Verbosity.SILENT
    assert verbosity(Verbosity.STEPS, {}) is Verbosity.STEPS
    assert verbosity(None, {VARIABLE: " 2 "}) is Verbosity.SUMMARY


def test_without_both_it_warns(monkeypatch):
    """Also if the variable is empty; the process's own environment is read if none is passed."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert verbosity() is Verbosity.WARNINGS
    monkeypatch.setenv(VARIABLE, "3")
    assert verbosity() is Verbosity.STEPS
    assert verbosity(None, {VARIABLE: ""}) is Verbosity.WARNINGS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (4, "4 (int)"),
        (-1, "-1 (int)"),
        (True, "True (bool)"),
        ("2", "2 (str)"),
        (1.0, "1.0 (float)"),
        ([], "list (list)"),
    ],
)
def test_an_argument_that_is_not_a_level_is_refused(value, shown):
    """A text and a truth value as well."""
    with pytest.raises(OptionError) as caught:
        verbosity(value, {})
    assert str(caught.value).startswith(
        f"verbosity is not a level\n  got: {shown}\n  expected: 0 (silent), 1 (warn"
    )


@pytest.mark.parametrize("text", ["4", "-1", "high", "1.0", "²", "x" * 1000, "\x1b[2J"])
def test_a_variable_that_is_not_a_level_is_refused(text):
    """It is named, and its value is shown as one short line."""
    with pytest.raises(OptionError) as caught:
        verbosity(None, {VARIABLE: text})
    assert caught.value.what == "SPARK_GUARD_VERBOSITY is not a level"
    assert len(caught.value.got) < 50
    assert caught.value.got.isprintable()
