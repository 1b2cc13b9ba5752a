"""The measurements of a record, and a few lines of them for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.instruments.groups import warned
from airflow_spark_guard.core.instruments.instrument import Instrument
from airflow_spark_guard.core.instruments.words import short, warning_of
from airflow_spark_guard.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_READ: Final = 50_000
_MOST_LINES: Final = 20


@dataclass(frozen=True)
class Recorded:
    """Measurements as a record has them.

    Attributes:
        measured: the oldest first; at most 50,000.
        left_out: how many more there were.
        unreadable: how many lines of the record are of another form.
    """

    measured: tuple[Instrument, ...] = ()
    left_out: int = 0
    unreadable: int = 0

    @property
    def note(self) -> str:
        """How many are left out, in one sentence; empty if none are."""
        are = "is" if self.left_out == 1 else "are"
        return f"{counted(self.left_out, 'measurement')} {are} not in the record." if self.left_out else ""

    def lines(self, most: int = _MOST_LINES) -> list[str]:
        """Each warning once, then the newest measurements without one; at most so many, and how many more."""
        warnings = [f"warning: {warning_of(one)}" for one in warned(self.measured)][:most]
        others = [one for one in self.measured if not one.warning]
        newest = others[max(0, len(others) - most + len(warnings)) :]
        more = len(self.measured) - len(warnings) - len(newest)
        rest = [f"... {more:,} more in the record"] if more > 0 else []
        return [*warnings, *map(short, newest), *rest, *([self.note] if self.note else [])]


def recorded_of(rows: Iterable[Mapping[str, object]]) -> Recorded:
    """The measurements in the lines of ``instruments.jsonl``: untrusted objects, the oldest first."""
    measured: list[Instrument] = []
    left_out = unreadable = 0
    for row in islice(rows, _MOST_READ):
        try:
            found = Instrument.from_json(row)
        except ValueError:
            number = row.get("left_out")
            is_number = isinstance(number, int) and not isinstance(number, bool) and number >= 0
            left_out += number if is_number else 0  # type: ignore[operator]
            unreadable += not is_number
        else:
            measured.append(found)
            left_out += found.skipped
    return Recorded(tuple(measured), min(left_out, 1 << 53), unreadable)
