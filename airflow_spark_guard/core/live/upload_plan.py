"""Which file of a record is copied to an object store next. No I/O.

An object has no append: each copy is the whole file. What people look at goes first, what grows goes rarely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMPT: Final = 4.0
"""Seconds between two copies of a small file that changes."""
SLOW: Final = 60.0
"""Seconds between two copies of a file that grows, at least."""
RATE: Final = 100_000
"""Bytes a second that copies of one growing file take on average, at most."""
_SHARE: Final = 5.0
# The first word of a name that fits decides; the rank is the order in which they are copied.
_RANKS: Final = ("summary", "answer-", "traceback", "live", "sample-", "autopsy", "report")
_GROWS: Final = ("observations", "instruments", "output")


@dataclass(frozen=True)
class Seen:
    """A file as it was when it was looked at.

    Attributes:
        size: in bytes.
        changed: its modification time in nanoseconds.
    """

    size: int
    changed: int


@dataclass(frozen=True)
class Copied:
    """The last copy of a file.

    Attributes:
        seen: the file as it was copied.
        at: when, in seconds of a clock that never goes back.
        took: seconds.
    """

    seen: Seen
    at: float
    took: float


def next_copy(
    files: Mapping[str, Seen], copied: Mapping[str, Copied], now: float, *, last: bool = False
) -> str:
    """The name of the file to copy; empty if none is due.

    Args:
        files: of the record.
        copied: the last copy of each.
        now: by the clock of the copies.
        last: whether the attempt has ended, so that whatever has changed is due.
    """
    due = [name for name, seen in files.items() if _is_due(name, seen, copied.get(name), now, last=last)]
    return min(due, key=lambda name: (_rank(name), files[name].size, name), default="")


def _is_due(name: str, seen: Seen, copy: Copied | None, now: float, *, last: bool) -> bool:
    if copy is None:
        return True
    if copy.seen == seen:
        return False
    return last or now - copy.at >= max(_pause(name, seen.size), _SHARE * copy.took)


def _pause(name: str, size: int) -> float:
    return max(SLOW, size / RATE) if name.startswith(_GROWS) else PROMPT


def _rank(name: str) -> int:
    return next((rank for rank, word in enumerate(_RANKS) if name.startswith(word)), len(_RANKS))
