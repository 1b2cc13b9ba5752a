"""A newer try of the same task ended this one: the note that it leaves, and what both tries log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NOTE = 1000
_VERSION = 1
_ATTEMPT = re.compile(r"(\d{1,6})-[0-9a-f]{32}")
_MOST_NAMED = 5
_LATEST = 1 << 40  # seconds; far beyond what a date can show


@dataclass(frozen=True)
class Takeover:
    """The newer try that took over.

    Attributes:
        number: the try's number; None if it has none (outside Airflow).
        at: when.
    """

    number: int | None
    at: EpochTime

    @classmethod
    def by(cls, attempt: str, at: EpochTime) -> Takeover:
        """The takeover by the attempt of that name."""
        return cls(try_number(attempt), at)

    def to_json(self) -> str:
        """The note."""
        return json.dumps({"v": _VERSION, "try": self.number, "at": self.at})

    @classmethod
    def from_json(cls, text: str) -> Takeover | None:
        """The takeover in a note; None for any other text."""
        try:
            found = json.loads(text)
            number, at = found["try"], EpochTime(float(found["at"]))
            if found["v"] != _VERSION or not 0 <= at < _LATEST:
                return None
            return cls(None if number is None else int(number), at)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None

    @property
    def who(self) -> str:
        """``try 3``."""
        return "a newer try" if self.number is None else f"try {self.number}"

    @property
    def when(self) -> str:
        """``10:10:45 UTC``."""
        return datetime.fromtimestamp(min(self.at, _YEAR_9999), UTC).strftime("%H:%M:%S UTC")


_YEAR_9999 = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Earlier:
    """What an earlier try left on this host.

    Attributes:
        attempts: names of the attempts, each once.
        reaper: pid of a reaper that still supervises its job; None if only processes are left.
        processes: each as ``pid command``.
    """

    attempts: tuple[str, ...]
    reaper: int | None
    processes: tuple[str, ...]

    def ended(self) -> str:
        """The line for the newer try's log."""
        numbers = sorted({number for name in self.attempts if (number := try_number(name)) is not None})
        who = f"try {', '.join(map(str, numbers))}" if numbers else "an earlier try"
        if self.reaper is not None:
            was = "were" if len(numbers) > 1 else "was"
            still = f"{_capital(who)} {was} still running on this host (pid {self.reaper})"
            return f"{still}; ended before submitting."
        return f"Ended what {who} had left on this host before submitting: {_named(self.processes)}."


def try_number(attempt: str) -> int | None:
    """The number of the try in an attempt's name; None if it has none."""
    found = _ATTEMPT.fullmatch(attempt)
    return int(found[1]) if found else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _named(processes: Sequence[str]) -> str:
    more = len(processes) - _MOST_NAMED
    shown = ", ".join(processes[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
