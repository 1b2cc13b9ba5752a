"""Where the lines of an event log are: one file, or the folder of a rolling log, on any store."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EVENTS = re.compile(r"events_(\d{1,9})_(.+?)(\.compact)?")
_FOLDER = "eventlog_v2_"
# Databricks writes one file, and moves it to a name with its hour.
_DATABRICKS = re.compile(r"eventlog(-\d{4}-\d{2}-\d{2}--\d{2}-\d{2}(\.gz)?)?")
_HIDDEN = (".", "_")
_NAMED = 5
_LONGEST = 200


class Place(Protocol):
    """A file or a folder: a ``pathlib.Path``, ``zipfile.Path``, ``UPath``, or an ``ObjectStoragePath``."""

    @property
    def name(self) -> str:
        """The last part of its address."""

    def open(self, mode: str, /) -> IO[bytes]:
        """Open it; ``mode`` is ``rb``."""

    def iterdir(self) -> Iterable[Place]:
        """What is in the folder."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""


class LogFiles(NamedTuple):
    """The files of one log.

    Attributes:
        files: in the order in which they were written.
        notes: what is missing, one sentence each.
    """

    files: tuple[Place, ...]
    notes: tuple[str, ...] = ()


def files_of(place: Place, *, newest: bool = False) -> LogFiles:
    """The files of the log at a place.

    Args:
        place: a file, the folder of a rolling log, or a folder with a single log.
        newest: whether to take the last one by name if a folder has several: the last attempt.

    Raises:
        BadInputError: there is none, or there are several.
    """
    try:
        if not place.is_dir():
            return LogFiles((place,))
        inside = sorted(place.iterdir(), key=lambda found: _natural(found.name))
    except Exception as error:
        raise unreadable(place, error) from error
    inside = [found for found in inside if not found.name.startswith(_HIDDEN)]
    if any(_EVENTS.fullmatch(found.name) for found in inside):
        return _rolling(inside)
    parts = [found for found in inside if _DATABRICKS.fullmatch(found.name)]
    if parts:
        # The file without an hour is the newest one.
        return LogFiles(tuple(sorted(parts, key=lambda found: (found.name == "eventlog", found.name))))
    logs = [found for found in inside if not found.is_dir() or found.name.startswith(_FOLDER)]
    if len(logs) == 1 or (logs and newest):
        return files_of(logs[-1])
    raise _not_one(place, logs)


def unreadable(place: Place, error: Exception) -> BadInputError:
    """The error for a place that cannot be opened; each store raises its own errors."""
    return BadInputError(
        f"The event log {one_line(str(place), _LONGEST)} cannot be opened.",
        got=one_line(f"{type(error).__name__}: {error}", _LONGEST),
        expected="a file, or the folder of a rolling log, that this user may read",
        advice="Check the path and its permissions. Spark writes the log to spark.eventLog.dir if "
        "spark.eventLog.enabled is true.",
    )


def _rolling(inside: Sequence[Place]) -> LogFiles:
    """The files of a rolling log; a compacted one stands for all before it."""
    found: dict[int, tuple[bool, Place]] = {}
    for place in inside:
        match = _EVENTS.fullmatch(place.name)
        if match is not None:
            index, is_compact = int(match[1]), match[3] is not None
            if index not in found or is_compact:
                found[index] = (is_compact, place)
    compact = max((index for index, (is_compact, _) in found.items() if is_compact), default=None)
    numbers = sorted(index for index in found if compact is None or index >= compact)
    notes = []
    if compact is not None:
        notes.append(
            f"Spark has compacted the log: it left out events of jobs that ended before events_{compact + 1}."
        )
    first = numbers[0] if compact is not None else min(1, numbers[0])
    absent = [number for number in _between(first, numbers[-1]) if number not in found]
    if absent:
        named = ", ".join(f"events_{number}" for number in absent[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        notes.append(f"Files of the rolling log are missing: {named}{more}.")
    return LogFiles(tuple(found[number][1] for number in numbers), tuple(notes))


def _between(first: int, last: int) -> range:
    """The numbers that should exist; the last ones of very many."""
    return range(max(first, last - 100_000), last)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts ``app_10`` after ``app_9``."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part[:18]) if part.isdecimal() else -1, part) for part in parts)


def _not_one(place: Place, logs: Sequence[Place]) -> BadInputError:
    names = ", ".join(one_line(found.name, 100) for found in logs[:_NAMED])
    more = f" and {len(logs) - _NAMED} more" if len(logs) > _NAMED else ""
    where = one_line(str(place), _LONGEST)
    if not logs:
        return BadInputError(
            f"The folder {where} has no event log.",
            got="no file, and no folder of a rolling log",
            expected="events_1_APP, events_2_APP, ... of a rolling log, or one file",
            advice="Name the log itself. Spark writes logs to spark.eventLog.dir if spark.eventLog.enabled "
            "is true.",
        )
    return BadInputError(
        f"The folder {where} has {len(logs)} logs.",
        got=f"{names}{more}",
        expected="one log",
        advice="Name one of them: its file, or its folder eventlog_v2_APP.",
    )
