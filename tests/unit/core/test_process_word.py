"""What Linux takes, asked of Linux."""

from __future__ import annotations

import subprocess

import pytest

from airflow_spark_guard.core.process_word import LONGEST_WORD, is_word

WORDS = ["", "a b", "\n", "\u00fc", "\udc80", "x" * (LONGEST_WORD - 1), "\u00fc" * (LONGEST_WORD // 2 - 1)]
NO_WORDS = ["a\0b", "\ud800", "x" * LONGEST_WORD, "\u00fc" * (LONGEST_WORD // 2)]


@pytest.mark.parametrize("text", WORDS, ids=len)
def test_a_word_reaches_a_process(text):
    """As an argument and as a variable of the environment."""
    assert is_word(text)
    subprocess.run(["/bin/true", text], check=True)


@pytest.mark.parametrize("text", NO_WORDS, ids=len)
def test_anything_else_does_not(text):
    """Python or the kernel refuse it."""
    assert not is_word(text)
    with pytest.raises((ValueError, OSError)):
        subprocess.run(["/bin/true", text], check=True)
