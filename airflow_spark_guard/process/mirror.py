"""A local copy of what readers of an object store look at, so that they read one kind of record.

Listing is one request for each 1,000 objects; contents are fetched when they have changed, several at once.
Keys and contents are untrusted: only files that an attempt writes are copied, of a bounded size.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from airflow_spark_guard.core.live.request import ANSWER, REQUEST
from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.process.live_reader import NAME as LIVE
from airflow_spark_guard.process.object_store import StoredFile
from airflow_spark_guard.process.record import SUMMARY
from airflow_spark_guard.process.record_key import record_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from airflow_spark_guard.process.object_store import ObjectStore

MOST: Final = 20_000
"""Attempts that are copied, the newest."""
REPORT: Final = "report.html"
_AT_ONCE = 50
_SMALL, _LARGE = 4 << 20, 64 << 20
# Bytes of reports, observations and samples that are kept.
_MOST_LARGE = 512 << 20
_SENT = "sent"
_ENDED = ("success", "failed")
Listed: TypeAlias = dict[str, dict[str, StoredFile]]
"""The files of each record, by its place and by their names."""


@dataclass
class Mirror:
    """The copy.

    Args:
        store: of all records.
        root: a private local folder.

    Attributes:
        over: places of records whose attempt has ended.
    """

    store: ObjectStore
    root: Path
    over: set[str] = field(default_factory=set)
    _have: dict[str, str] = field(default_factory=dict)
    _large: dict[str, int] = field(default_factory=dict)

    def copy_all(self) -> bool:
        """Copy the summaries of all records, and ``live.json`` of those that are not over; newest first.

        Returns:
            Whether nothing was left out.

        Raises:
            OSError: the store is gone, or refuses; or the local disk is full.
        """
        before = self._places()
        listed = by_place(file for dag in self.store.folders() for file in self.store.files(dag))
        for place in before - listed.keys():
            self._forget(place)
        newest = sorted(listed, key=lambda place: -written(listed[place]))[:MOST]
        for begin in range(0, len(newest), _AT_ONCE):
            some = {place: listed[place] for place in newest[begin : begin + _AT_ONCE]}
            self._copy(some, lambda _, name: name == SUMMARY)
            self._copy(some, lambda place, name: name == LIVE and place not in self.over)
            self._settle(some)
        return len(newest) == len(listed)

    def copy_task(self, folder: str) -> None:
        """Copy what is small of all tries of a task; a report is there by its name, empty.

        Args:
            folder: ``dag/run/task``.

        Raises:
            OSError: as for :meth:`copy_all`.
        """
        before = {place for place in self._places() if place.startswith(f"{folder}/")}
        listed = by_place(self.store.files(folder))
        for place in before - listed.keys():
            self._forget(place)
        self._copy(listed, lambda _, name: name in {SUMMARY, LIVE} or _is_asked(name))
        for place, files in listed.items():
            self._drop_gone(place, files)
            if REPORT in files and (self.root / place).is_dir():
                (self.root / place / REPORT).touch()
        self._settle(listed)

    def fetch(self, place: str, name: str) -> None:
        """Copy one file of up to 64 MiB; that the store does not have it is not an error.

        Raises:
            OSError: as for :meth:`copy_all`.
        """
        for one in self.store.files(place):
            is_it = one.key == f"{place}/{name}" and record_key(one.key) is not None
            if not is_it or one.size > _LARGE or self._have.get(one.key) == one.version:
                continue
            self._make_room(one.size)
            new = self._new(one)
            self.store.get(one.key, new)
            self._put(one, new)
            self._large[one.key] = one.size

    def send_requests(self, folder: str) -> None:
        """Copy requests that were left in the local copy of a task's tries to the store.

        Raises:
            OSError: as for :meth:`copy_all`; the request is removed then.
        """
        for place in [place for place in self._places() if place.startswith(f"{folder}/")]:
            for file in [one for one in (self.root / place).iterdir() if REQUEST.fullmatch(one.name)]:
                key = f"{place}/{file.name}"
                if key in self._have:
                    continue
                try:
                    self.store.write(key, file.read_bytes())
                except OSError:
                    file.unlink(missing_ok=True)
                    raise
                self._have[key] = _SENT

    def _places(self) -> set[str]:
        return {key.rpartition("/")[0] for key in list(self._have)}

    def _copy(self, listed: Listed, wanted: Callable[[str, str], bool]) -> None:
        changed = [
            one
            for place, files in listed.items()
            for name, one in files.items()
            if wanted(place, name) and one.size <= _SMALL and self._have.get(one.key) != one.version
        ]
        for begin in range(0, len(changed), _AT_ONCE):
            some = {one.key: one for one in changed[begin : begin + _AT_ONCE]}
            found = self.store.read_all(list(some))
            _check(found)
            for key, content in found.items():
                if isinstance(content, bytes):
                    self._keep(some[key], content)

    def _keep(self, one: StoredFile, content: bytes) -> None:
        new = self._new(one)
        new.write_bytes(content)
        self._put(one, new)
        place, _, name = one.key.rpartition("/")
        if name == SUMMARY:
            (self.over.add if _is_over(content) else self.over.discard)(place)

    def _new(self, one: StoredFile) -> Path:
        target = self.root / one.key
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A look and a request may copy the same file at the same time.
        return target.with_name(f".{target.name}-{threading.get_ident()}")

    def _put(self, one: StoredFile, new: Path) -> None:
        """With the store's own time: readers compare it with their clock."""
        at = one.written or time.time()
        os.utime(new, (at, at))
        new.replace(self.root / one.key)
        self._have[one.key] = one.version

    def _settle(self, listed: Listed) -> None:
        """The time of each folder is that of its newest file; one without a readable summary is there too."""
        for place, files in listed.items():
            folder = self.root / place
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._have.setdefault(f"{place}/", "")
            at = written(files) or time.time()
            os.utime(folder, (at, at))

    def _drop_gone(self, place: str, files: Mapping[str, StoredFile]) -> None:
        for key in [key for key in list(self._have) if key.startswith(f"{place}/")]:
            name = key.rpartition("/")[2]
            if name and name not in files:
                (self.root / key).unlink(missing_ok=True)
                self._have.pop(key, None)

    def _forget(self, place: str) -> None:
        shutil.rmtree(self.root / place, ignore_errors=True)
        self.over.discard(place)
        for key in [key for key in list(self._have) if key.startswith(f"{place}/")]:
            self._have.pop(key, None)
            self._large.pop(key, None)
        with contextlib.suppress(OSError):  # not empty
            for folder in list((self.root / place).parents)[:3]:
                folder.rmdir()

    def _make_room(self, size: int) -> None:
        if sum(self._large.values()) + size <= _MOST_LARGE:
            return
        for key in list(self._large):
            (self.root / key).unlink(missing_ok=True)
            self._have.pop(key, None)
        self._large.clear()


def by_place(files: Iterable[StoredFile]) -> Listed:
    """The files of records, by their places; all else is left alone."""
    listed: Listed = {}
    for one in files:
        if (key := record_key(one.key)) is not None:
            listed.setdefault(key.place, {})[key.name] = one
    return listed


def written(files: Mapping[str, StoredFile]) -> float:
    """When a record was last written to."""
    return max((one.written for one in files.values()), default=0.0)


def _is_asked(name: str) -> bool:
    return REQUEST.fullmatch(name) is not None or ANSWER.fullmatch(name) is not None


def _is_over(summary: bytes) -> bool:
    try:
        fields = strict_json(summary)
    except ValueError:
        return False
    return isinstance(fields, dict) and fields.get("state") in _ENDED


def _check(found: Mapping[str, bytes | OSError]) -> None:
    """If nothing at all can be read, it is the store.

    Raises:
        OSError: as the store has answered.
    """
    failed = [one for one in found.values() if isinstance(one, OSError)]
    if failed and len(failed) == len(found) and not all(isinstance(one, FileNotFoundError) for one in failed):
        raise failed[0]
