from __future__ import annotations

import math

import pytest

from airflow_spark_guard.job.text import listed, nearest, shown, shown_bytes, shown_number


def test_a_long_list_is_cut():
    """Twenty names, and how many there are."""
    names = [f"c{i}" for i in range(25)]
    assert listed(names) == ", ".join(names[:20]) + ", ... (25 in all)"
    assert listed(names[:20]) == ", ".join(names[:20])


@pytest.mark.parametrize(("name", "advice"), [("ratoi", "Did you mean 'ratio'?"), ("zzz", "No."), (7, "No.")])
def test_the_nearest_name_is_proposed(name, advice):
    """If any is near."""
    assert nearest(name, ["id", "ratio"], "No.") == advice


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


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (2 << 30, "2.0 GiB"),
        (3 << 40, "3.0 TiB"),
        (5000 << 40, "5000.0 TiB"),
    ],
)
def test_bytes_are_shown_in_the_unit_that_makes_them_short(size, text):
    """One decimal and a binary unit."""
    assert shown_bytes(size) == text
