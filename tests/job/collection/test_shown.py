"""What comes from the data is shown as one short, harmless line."""

from __future__ import annotations

import math

import pytest

from airflow_spark_guard.job.collection.shown import shown, shown_number


def test_harmless_text_stays_as_it_is():
    """Letters of any script, spaces and punctuation are kept."""
    for text in ("dep_delay", "Größe in m²", "到着", "$a_b$ 100 %", ""):
        assert shown(text) == text


def test_control_characters_are_replaced():
    """Line ends, escapes and marks that turn the reading direction cannot act on a log or a picture."""
    assert shown("a\nb\x1b[31mc\u202ed\u2028e\x00\ud800") == "a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffd\ufffd"


def test_long_texts_are_cut():
    """The last of 30 places shows that there was more; a text of 30 is whole."""
    assert shown("x" * 30) == "x" * 30
    assert shown("x" * 31) == "x" * 29 + "\u2026"
    assert shown("x" * 10_000_000, 5) == "xxxx\u2026"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (-12.0, "-12"),
        (999.94, "999.9"),
        (1234.56, "1,235"),
        (2_000_000.0, "2,000,000"),
        (1.7e9, "1,700,000,000"),
        (1.5e300, "1.5e+300"),
        (1e-9, "1e-09"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short(value, text):
    """Four digits, or all before the point; an exponent for what is very large or small alone."""
    assert shown_number(value) == text
