"""What tables are made of."""

from __future__ import annotations

from airflow_spark_guard.report.cells import Cell, count, duration, size, words


def test_numbers_stand_at_the_right_and_what_is_not_known_is_empty():
    """Each with its unit."""
    assert (count(1234.0), count(None)) == (Cell("1,234", number=True), Cell("", number=True))
    assert (size(1536), size(None)) == (Cell("1.5 KiB", number=True), Cell("", number=True))
    assert (duration(90), duration(None)) == (Cell("1m 30s", number=True), Cell("", number=True))


def test_words_are_one_bounded_line():
    """With a mark before them if there is one."""
    cell = words("a\nb" + "x" * 1000, "warning")
    assert (cell.text[:4], len(cell.text), cell.mark, cell.number) == ("a bx", 300, "warning", False)
