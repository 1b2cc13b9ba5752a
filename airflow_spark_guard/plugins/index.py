"""Which attempts are in the store: the newest first, within a time limit.

The names in a folder are read again only if its modification time has changed, so that a look costs one
``stat`` for each folder. A look is shared by all who ask within three seconds.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.plugins.place import TRY, Task
from airflow_spark_guard.process.past_try_reader import always

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHARED: Final = 3.0
"""Seconds in which a look is shared."""
BUDGET: Final = 2.0
"""Seconds that a look may take; what it has not reached is left to the next one."""
# A folder that has just changed may change again within the same tick of the store's clock.
_SETTLED = 2.0
_STILL, _RARELY = 600.0, 60.0
_MOST_NAMES = 50_000


@dataclass(frozen=True)
class Found:
    """An attempt in the store.

    Attributes:
        task: whose try it is.
        number: of the try.
        written: when its folder last changed, by the store's clock.
    """

    task: Task
    number: int
    written: float


@dataclass(frozen=True)
class Listing:
    """What a look has found.

    Attributes:
        attempts: the newest first.
        complete: whether the whole store was seen within the time limit.
    """

    attempts: tuple[Found, ...] = ()
    complete: bool = True


@dataclass
class Index:
    """The attempts below one root.

    Args:
        root: the folder of all records.
        is_whole: whether that folder has all records; a copy of an object store may not have them yet.
    """

    root: Path
    is_whole: Callable[[], bool] = always
    _names: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    _tries_written: dict[str, tuple[float, float]] = field(default_factory=dict)
    _listing: Listing = field(default_factory=Listing)
    _looked_at: float = float("-inf")
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Listing:
        """The attempts.

        Raises:
            OSError: the root cannot be read.
        """
        with self._looking:
            if time.monotonic() - self._looked_at >= SHARED:
                self._listing = self._read()
                self._looked_at = time.monotonic()
            return self._listing

    def _read(self) -> Listing:
        end = time.monotonic() + BUDGET
        found: list[Found] = []
        complete = self.is_whole()
        self.root.stat()
        for task in self._tasks(str(self.root)):
            if time.monotonic() >= end:
                complete = False
                break
            found += self._tries(task)
        if complete and len(self._tries_written) > 2 * len(found) + 1000:  # most are removed meanwhile
            self._tries_written.clear()
            self._names.clear()
        found.sort(key=lambda one: -one.written)
        return Listing(tuple(found), complete)

    def _tasks(self, root: str) -> Iterator[tuple[str, str, str]]:
        for dag in self._inside(root):
            for run in reversed(self._inside(f"{root}/{dag}")):
                for task in self._inside(f"{root}/{dag}/{run}"):
                    yield dag, run, task

    def _tries(self, names: tuple[str, str, str]) -> Iterator[Found]:
        folder = "/".join((str(self.root), *names))
        for name in self._inside(folder):
            if match := TRY.fullmatch(name):
                try:
                    written = self._written(f"{folder}/{name}")
                except OSError:
                    continue
                yield Found(Task(*names, int(match[1] or -1)), int(match[2]), written)

    def _written(self, folder: str) -> float:
        """When a try's folder last changed; one that has been still for long is looked at once a minute."""
        known, now = self._tries_written.get(folder), time.monotonic()
        if known is not None and now - known[1] < _RARELY and time.time() - known[0] > _STILL:
            return known[0]
        written = _stat(folder).st_mtime
        self._tries_written[folder] = (written, now)
        return written

    def _inside(self, folder: str) -> tuple[str, ...]:
        """The folders in a folder by name, links excluded; none if it cannot be read."""
        try:
            changed = _stat(folder, follow=folder == str(self.root))
            known = self._names.get(folder)
            if known is not None and known[0] == changed.st_mtime_ns:
                return known[1]
            names = _folders(folder) if stat.S_ISDIR(changed.st_mode) else ()
        except OSError:
            self._names.pop(folder, None)
            return ()
        if time.time() - changed.st_mtime > _SETTLED:
            self._names[folder] = (changed.st_mtime_ns, names)
        return names


def _stat(path: str, *, follow: bool = False) -> os.stat_result:
    return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - a Path for each of thousands costs more


def _folders(folder: str) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return tuple(sorted(found)[-_MOST_NAMES:])
