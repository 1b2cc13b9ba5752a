"""Copies a record to its object store while the attempt runs, on a thread of its own.

The attempt writes into a local folder and never waits for the store, but once at its end, for a bounded time.
Requests of the live page travel the other way: they are copied into the folder, where the attempt looks.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.live.request import LONGEST, REQUEST
from airflow_spark_guard.core.live.upload_plan import Copied, Seen, next_copy
from airflow_spark_guard.process import private_folder
from airflow_spark_guard.process.record_key import record_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.process.object_store import ObjectStore
    from airflow_spark_guard.process.spool import Spool

PATIENCE: Final = 5.0
"""Seconds that the end of an attempt waits for the rest to be copied."""
LOOK: Final = 4.0
"""Seconds between two looks for requests."""
_TICK = 0.5
_SHARE = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0
_MOST_REQUESTS = 8


class RecordUpload:
    """Copies what has changed. Nothing is raised.

    Args:
        spool: the record.
        open_store: opens its store; called on the thread, because that may take long.
        warn: takes one sentence when the store fails for the first time.
    """

    def __init__(
        self, spool: Spool, open_store: Callable[[], ObjectStore], warn: Callable[[str], None]
    ) -> None:
        self._spool, self._open, self._warn = spool, open_store, warn
        self._copied: dict[str, Copied] = {}
        self._fetched: set[str] = set()
        self._trouble = ""
        self._warned = False
        self._ready = False
        self._resumes_at = self._looks_at = float("-inf")
        self._pause = _FIRST_PAUSE
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="spark-guard-upload", daemon=True)
        self._thread.start()

    def close(self, patience: float = PATIENCE) -> str:
        """Copy the rest; returns what is missing in the store and why, in one sentence, empty if nothing is.

        Args:
            patience: seconds that this waits; the thread may go on as long as the process lives.
        """
        self._closing.set()
        self._thread.join(patience)
        left = [name for name, seen in self._files().items() if not self._has(name, seen)]
        if not left:
            return ""
        why = self._trouble or f"the store did not take it within {patience:g} s (limit: {patience:g} s)"
        return f"The record {self._spool} is not complete, without {', '.join(sorted(left)[:20])}: {why}."

    def _has(self, name: str, seen: Seen) -> bool:
        copy = self._copied.get(name)
        return copy is not None and copy.seen == seen

    def _serve(self) -> None:
        try:
            store = self._open()
        except SparkGuardError as error:  # it would fail again
            self._fails(f"{error.what} {error.got}. {error.advice}")
            return
        except Exception as error:  # noqa: BLE001 - whatever a provider raises, the job goes on
            self._fails(f"{type(error).__name__}: {error}"[:300])
            return
        while not self._closing.wait(_TICK):
            if time.monotonic() >= self._resumes_at:
                self._try(lambda: self._round(store))
        self._try(lambda: self._last(store))

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self._fails(error.strerror or type(error).__name__)
            self._resumes_at = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause, self._trouble = _FIRST_PAUSE, ""

    def _fails(self, reason: str) -> None:
        self._trouble = reason.rstrip(".")
        if not self._warned:
            self._warned = True
            self._warn(f"The record cannot be copied to {self._spool}: {self._trouble}. The job goes on.")

    def _round(self, store: ObjectStore) -> None:
        if not self._spool.folder.is_dir():
            return
        private_folder.touch(self._spool.root)
        self._prepare(store)
        self._copy(store)
        self._remove_gone(store)
        if time.monotonic() >= self._looks_at:
            begin = time.monotonic()
            self._look(store)
            self._looks_at = time.monotonic() + max(LOOK, _SHARE * (time.monotonic() - begin))

    def _last(self, store: ObjectStore) -> None:
        if self._spool.folder.is_dir():
            self._prepare(store)
            self._copy(store)
            self._remove_gone(store)

    def _prepare(self, store: ObjectStore) -> None:
        """Move the record of an earlier run of this try aside: its requests and its end are not ours."""
        if self._ready:
            return
        place = self._spool.place
        found = [one.key for one in store.files(place) if record_key(one.key) is not None]
        for key in found:
            store.copy(key, f"{place}.previous/{key.rpartition('/')[2]}")
        store.remove(found)
        self._ready = True

    def _copy(self, store: ObjectStore) -> None:
        """Copy all that is due; at the end all that has changed, what matters most first."""
        while True:
            files, begin, last = self._files(), time.monotonic(), self._closing.is_set()
            name = next_copy(files, self._copied, begin, last=last)
            if not name:
                return
            try:
                store.put(self._key(name), self._spool.folder / name)
            except FileNotFoundError:
                if name in self._files():
                    raise
            now = time.monotonic()
            self._copied[name] = Copied(files[name], now, now - begin)

    def _remove_gone(self, store: ObjectStore) -> None:
        """Parts of the output that were joined, and requests that the attempt has taken."""
        files = self._files(requests=True)
        gone = [name for name in (*self._copied, *self._fetched) if name not in files]
        store.remove(self._key(name) for name in gone)
        for name in gone:
            self._copied.pop(name, None)
            self._fetched.discard(name)

    def _look(self, store: ObjectStore) -> None:
        """Bring requests to where the attempt looks; it checks them itself."""
        for one in store.files(self._spool.place):
            name = one.key.rpartition("/")[2]
            if len(self._fetched) >= _MOST_REQUESTS:
                return
            if REQUEST.fullmatch(name) and name not in self._fetched and one.size <= LONGEST:
                self._fetched.add(name)
                self._bring(name, store.read(self._key(name))[: LONGEST + 1])

    def _bring(self, name: str, data: bytes) -> None:
        new = self._spool.folder / f".{name}"
        new.write_bytes(data)
        new.rename(self._spool.folder / name)

    def _files(self, *, requests: bool = False) -> dict[str, Seen]:
        found = dict[str, Seen]()
        with contextlib.suppress(OSError), os.scandir(self._spool.folder) as entries:
            for entry in entries:
                key = record_key(self._key(entry.name))
                if key is None or (REQUEST.fullmatch(entry.name) and not requests):
                    continue
                with contextlib.suppress(FileNotFoundError):  # removed in between
                    stat = entry.stat(follow_symlinks=False)
                    found[entry.name] = Seen(stat.st_size, stat.st_mtime_ns)
        return found

    def _key(self, name: str) -> str:
        return f"{self._spool.place}/{name}"
