"""What tables of a page are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_spark_guard.core.quantity import readable_duration, readable_size
from airflow_spark_guard.core.text.printable import one_line

_LONGEST_CELL: Final = 300


@dataclass(frozen=True)
class Cell:
    """One cell: its text, whether it stands at the right as a number, and a mark before it; may be empty."""

    text: str
    number: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        name: its id on the page.
        title: above it.
        columns: their titles.
        rows: one tuple of cells each.
        note: a sentence above it; may be empty.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def words(text: str, mark: str = "") -> Cell:
    """Text on one line, printable and bounded."""
    return Cell(one_line(text, _LONGEST_CELL), mark=mark)


def duration(seconds: float | None) -> Cell:
    """Seconds; empty for None."""
    return Cell("" if seconds is None else readable_duration(seconds), number=True)


def size(number: float | None) -> Cell:
    """Bytes; empty for None."""
    return Cell("" if number is None else readable_size(number), number=True)


def count(number: float | None) -> Cell:
    """A number of things; empty for None."""
    return Cell("" if number is None else f"{number:,.0f}", number=True)
