"""A single value as text, with the libraries that make it."""

from __future__ import annotations

import datetime as dt
import enum
import pathlib
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from airflow_spark_guard.core.word import is_missing, number, word


class Level(enum.IntEnum):
    HIGH = 3


class Name(enum.StrEnum):
    DAYS = "days"


@pytest.mark.parametrize(
    ("value", "as_word", "as_number"),
    [
        ("x", "x", None),
        (Name.DAYS, "days", None),
        (np.str_("4g"), "4g", None),
        (np.array("x"), "x", None),
        (True, "True", "true"),
        (np.array([False])[0], "False", "false"),
        (Level.HIGH, "3", "3"),
        (np.float32(0.1), "0.1", "0.1"),
        (np.longdouble(1.5), "1.5", "1.5"),
        (1e22, "1e+22", "1e+22"),
        (Decimal("1E+3"), "1E+3", "1000"),
        (float("nan"), "nan", None),
        (np.float64("inf"), "inf", None),
        (dt.date(2026, 1, 1), "2026-01-01", None),
        (np.datetime64("2026-01-01"), "2026-01-01", None),
        (pathlib.PurePosixPath("--"), "--", None),
        ("NaT", "NaT", None),
        (10**5000, None, None),
        (None, None, None),
        (b"x", None, None),
        (np.bytes_(b"x"), None, None),
        (np.array([1]), None, None),
        (np.ma.masked, None, None),
        (np.ma.array(5, mask=True), None, None),
        (pd.NaT, None, None),
        (pd.NA, None, None),
        (np.timedelta64("NaT"), None, None),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, int) else type(value).__name__,
)
def test_a_single_value_has_a_text(value, as_word, as_number):
    """What has none, or stands for no value, is no word; Spark's numbers are digits."""
    assert (word(value), number(value)) == (as_word, as_number)


@pytest.mark.parametrize("value", [None, np.ma.masked, pd.NaT, np.datetime64("NaT")], ids=str)
def test_what_stands_for_no_value_is_missing(value):
    """Each has a text of its own, which no job is meant to read."""
    assert is_missing(value)


@pytest.mark.parametrize("value", ["NaT", "--", "", 0, float("nan"), np.int64(0)], ids=repr)
def test_text_and_numbers_are_never_missing(value):
    """A user may well pass the word."""
    assert not is_missing(value)
