"""The channel directory, reading end: which of its files are next. ``job/carrier.py`` writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# As large as the writer makes them.
LARGEST_FILE = 4 << 20
# Of one driver; beyond it something else writes.
_MOST_FILES = 100_000
_NAME = re.compile(r"(\d{13}-\d{1,10})-(\d{6})\.jsonl", re.ASCII)
_SCHEMES = {"s3a": "s3", "s3n": "s3"}


@dataclass
class ChannelFiles:
    """What was read so far. Of several drivers (YARN may start another one) the newest one counts.

    Attributes:
        writer: the driver whose files are read; empty before the first.
    """

    writer: str = ""
    _number: int = 0

    def next(self, names: Iterable[str]) -> tuple[bool, list[str]]:
        """The files to read now, in order; and whether they are another driver's than those before.

        A gap ends the list: a store may list a file before the one that was written earlier. Each is to be
        confirmed by :meth:`taken`, or comes again.
        """
        known = [match for name in names if (match := _NAME.fullmatch(name))]
        newest = max((match[1] for match in known), default=self.writer)
        another = newest > self.writer
        if another:
            self.writer, self._number = newest, 0
        there = {int(match[2]) for match in known if match[1] == self.writer}
        found = []
        for number in range(self._number, _MOST_FILES):
            if number not in there:
                break
            found.append(f"{self.writer}-{number:06d}.jsonl")
        return another, found

    def taken(self) -> None:
        """The first of the files that :meth:`next` has named was read."""
        self._number += 1


def attempt_directory(directory: str, task: str, attempt: str) -> str:
    """Where one try writes, below the channel directory."""
    return f"{directory.rstrip('/')}/{task}/{attempt}"


def as_airflow_names_it(directory: str) -> str:
    """Spark's name of a directory as Airflow's object storage has it: ``s3a://`` is ``s3://`` there."""
    scheme, found, rest = directory.partition("://")
    if not found:
        return "file://" + directory.removeprefix("file:")
    return f"{_SCHEMES.get(scheme, scheme)}://{rest}"
