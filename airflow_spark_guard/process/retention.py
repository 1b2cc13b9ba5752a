"""Removes old records: by their age, and by the size of all of them.

Only a folder ``<root>/<dag>/<run>/<task>/try-1`` (or ``map-0-try-1``, or one that was moved aside) with a
``summary.json`` of ours is a record. No link is followed. A record that may still be written to is kept.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.process.output_file import NAME as OUTPUT
from airflow_spark_guard.process.record import OBSERVATIONS, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

STILL_RUNNING: Final = 7 * 86400.0
"""A record at ``running`` or ``deferred`` counts as running for so many seconds after its last change."""
_TRY = re.compile(r"(?:map-\d+-)?try-\d+(?:\.previous(?:-\d+)?)?", re.ASCII)
_DEPTH = 3  # folders between root and record: DAG, run, task
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_SUMMARY = 64 << 20
_MOST_FAILURES = 20


@dataclass(frozen=True)
class Retention:
    """Which records are kept.

    Attributes:
        max_age: seconds since the last change of a record; None for any.
        max_size: bytes of all records together, the oldest of which are removed first; None for any.
    """

    max_age: float | None = None
    max_size: int | None = None

    @property
    def removes(self) -> bool:
        """Whether there is a rule at all."""
        return self.max_age is not None or self.max_size is not None


@dataclass(frozen=True)
class StoredRecord:
    """A record in the store.

    Attributes:
        place: the names of the folders of DAG, run, task and try.
        size: of its files, in bytes.
        written: its last change.
    """

    place: tuple[str, ...]
    size: int
    written: EpochTime


@dataclass
class Pruned:
    """What was removed.

    Attributes:
        removed: or what would be, in a dry run.
        kept: number of records that stay.
        kept_size: of those, in bytes.
        running: how many of those may still be written to.
        complete: whether the whole store was seen within the budget.
        failed: what could not be read or removed, one line each, at most 20.
    """

    removed: list[StoredRecord] = field(default_factory=list)
    kept: int = 0
    kept_size: int = 0
    running: int = 0
    complete: bool = True
    failed: list[str] = field(default_factory=list)

    @property
    def freed(self) -> int:
        """Bytes."""
        return sum(record.size for record in self.removed)


def prune(
    root: Path,
    rules: Retention,
    *,
    budget: float = math.inf,
    dry_run: bool = False,
    now: EpochTime | None = None,
    start: float = 0.0,
) -> Pruned:
    """Remove the records that the rules do not keep.

    By age each record is judged when it is met; the size needs to have met all of them.

    Args:
        root: the folder of all records.
        rules: what is kept.
        budget: seconds that this may take; a single removal may exceed it.
        dry_run: whether to remove nothing.
        now: the time of day; None for the clock's.
        start: which part of the store is met first, from 0 to 1: chosen at random under a budget, so that
            each part has its turn.

    Raises:
        OSError: the root does not exist or cannot be read.
    """
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        pruning = _Pruning(place, rules, epoch_now() if now is None else now, dry_run)
        pruning.run(time.monotonic() + budget, start)
    finally:
        os.close(place)
    return pruning.done


@dataclass
class _Pruning:
    """One pass over the store.

    Args:
        root: descriptor of the root.
        rules: what is kept.
        now: the time of day.
        dry_run: whether to remove nothing.
    """

    root: int
    rules: Retention
    now: EpochTime
    dry_run: bool
    done: Pruned = field(default_factory=Pruned)
    _held: set[tuple[str, ...]] = field(default_factory=set)

    def run(self, deadline: float, start: float) -> None:
        """Meet every record, then remove the oldest until the rest fits."""
        fitting: list[StoredRecord] = []
        for record in self._records(self.root, (), start):
            if time.monotonic() > deadline:
                self.done.complete = False
                break
            if not self._is_too_old(record) or not self._take(record):
                fitting.append(record)
        total = sum(record.size for record in fitting)
        fitting.sort(key=lambda record: record.written)
        kept = []
        for record in fitting:
            is_over = self.rules.max_size is not None and total > self.rules.max_size
            if time.monotonic() > deadline:
                self.done.complete = False
            if is_over and self.done.complete and self._take(record):
                total -= record.size
            else:
                kept.append(record)
        self.done.kept, self.done.kept_size = len(kept), total

    def _is_too_old(self, record: StoredRecord) -> bool:
        return self.rules.max_age is not None and self.now - record.written > self.rules.max_age

    def _records(self, above: int, place: tuple[str, ...], start: float) -> Iterator[StoredRecord]:
        for name in self._folders(above, place, start):
            with self._opened(above, (*place, name)) as folder:
                if folder is None:
                    continue
                if len(place) < _DEPTH:
                    yield from self._records(folder, (*place, name), start)
                elif record := self._record(folder, (*place, name)):
                    yield record

    def _folders(self, above: int, place: tuple[str, ...], start: float) -> list[str]:
        try:
            with os.scandir(above) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError as error:
            self._fails(place, error)
            return []
        names = [name for name in names if len(place) < _DEPTH or _TRY.fullmatch(name)]
        first = int(len(names) * start)
        return names[first:] + names[:first]

    @contextlib.contextmanager
    def _opened(self, above: int, place: tuple[str, ...]) -> Iterator[int | None]:
        try:
            folder = os.open(place[-1], _FOLDER, dir_fd=above)
        except OSError as error:
            self._fails(place, error)
            yield None
            return
        try:
            yield folder
        finally:
            os.close(folder)

    def _record(self, folder: int, place: tuple[str, ...]) -> StoredRecord | None:
        """The record in this folder; None if there is none."""
        try:
            with os.scandir(folder) as entries:
                files = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
        except OSError as error:
            self._fails(place, error)
            return None
        if SUMMARY not in files or not stat.S_ISREG(files[SUMMARY].st_mode):
            return None
        size = sum(file.st_size for file in files.values() if stat.S_ISREG(file.st_mode))
        return StoredRecord(place, size, EpochTime(max(file.st_mtime for file in files.values())))

    def _take(self, record: StoredRecord) -> bool:
        """Remove it; False if it stays, which is decided once."""
        if record.place in self._held:
            return False
        if self._has_gone(record):
            self.done.removed.append(record)
            return True
        self._held.add(record.place)
        return False

    def _has_gone(self, record: StoredRecord) -> bool:
        try:
            with contextlib.ExitStack() as stack:
                folders = [self.root]
                for name in record.place:
                    folders.append(os.open(name, _FOLDER, dir_fd=folders[-1]))
                    stack.callback(os.close, folders[-1])
                if not self._may_go(record, folders[-1]):
                    return False
                if not self.dry_run:
                    _remove(folders, record.place)
        except OSError as error:
            self._fails(record.place, error)
            return False
        return True

    def _may_go(self, record: StoredRecord, folder: int) -> bool:
        """Whether it is a record, and its attempt has ended; a folder that only looks like one stays."""
        state = _state(folder)
        if state in {"running", "deferred"} and self.now - record.written < STILL_RUNNING:
            self.done.running += 1
            return False
        return bool(state)

    def _fails(self, place: tuple[str, ...], error: OSError) -> None:
        if len(self.done.failed) < _MOST_FAILURES:
            self.done.failed.append(f"{'/'.join(place) or '.'}: {error.strerror or type(error).__name__}")


def _state(folder: int) -> str:
    with os.fdopen(os.open(SUMMARY, _FILE, dir_fd=folder), "rb") as file:
        return recorded_state(file.read(_LONGEST_SUMMARY), os.listdir(folder))


def recorded_state(summary: bytes, names: Collection[str]) -> str:
    """What a summary says; empty if it is not one of ours. A damaged one is, beside files of a record.

    Args:
        summary: the content of ``summary.json``.
        names: of the files beside it.
    """
    try:
        found = json.loads(summary)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and ("state" in found or "left_out" in found):
        return str(found.get("state") or "unknown")
    return "damaged" if found is None and (OBSERVATIONS in names or OUTPUT in names) else ""


def _remove(folders: list[int], place: tuple[str, ...]) -> None:
    """Remove the record in the last of the folders, its summary last, and empty folders above it."""
    own = folders[-1]
    with os.scandir(own) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_folder:
            shutil.rmtree(name, dir_fd=own)
        elif name != SUMMARY:
            os.unlink(name, dir_fd=own)
    os.unlink(SUMMARY, dir_fd=own)
    os.rmdir(place[-1], dir_fd=folders[-2])
    with contextlib.suppress(OSError):  # not empty
        for at in range(_DEPTH - 1, -1, -1):
            os.rmdir(place[at], dir_fd=folders[at])
