"""Long lines of a message."""

from __future__ import annotations

from airflow_spark_guard.core.wrapping import wrapped


def test_a_long_line_is_wrapped_and_indented():
    """At a hundred columns, between words."""
    lines = wrapped("word " * 50)
    assert len(lines) == 3
    assert all(len(line) <= 100 for line in lines)
    assert [line.startswith("    ") for line in lines] == [False, True, True]


def test_a_short_line_stays_as_it_is():
    """With its blanks and its empty lines."""
    assert wrapped("a  b\n\n  c") == ["a  b", "", "  c"]


def test_a_long_word_stays_whole():
    """A path can be copied."""
    path = "/data/" + "folder-of-jobs/" * 20
    assert path in wrapped(f"see {path} for it")[1]
