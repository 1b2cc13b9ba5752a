"""Requests of the live page: looked for in the record's folder, on a thread of its own.

A store that hangs stops this thread and nothing else. What is not a request of this attempt is left alone.
"""

from __future__ import annotations

import contextlib
import os
import queue
import stat
import threading
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.live.request import LONGEST, REQUEST, parse_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_spark_guard.core.live.request import Request

EVERY: Final = 2.0
"""Seconds between two looks at the folder."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A named pipe without a writer would otherwise be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_NAMES = 1000
# Names that are remembered as looked at.
_MOST_SEEN = 1000


class RequestFolder:
    """Takes requests out of a record's folder, one at a time, in the order of their times.

    A request is a regular file of at most 2 KiB whose name and fields are exactly right. One that was written
    before the folder was first opened, a link, and all else is ignored. One that was taken is removed.

    Args:
        folder: of the record; it need not exist yet.
        every: seconds between two looks.
    """

    def __init__(self, folder: Path, every: float = EVERY) -> None:
        self._folder, self._every = folder, every
        self._found: queue.Queue[Request] = queue.Queue(1)
        self._over = threading.Event()
        self._seen: set[str] = set()
        self._born: float | None = None
        self._thread = threading.Thread(target=self._serve, name="spark-guard-requests", daemon=True)
        self._thread.start()

    def take(self) -> Request | None:
        """The next request; None if there is none."""
        try:
            return self._found.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the thread; it is not waited for, because the store may hang."""
        self._over.set()

    def _serve(self) -> None:
        while not self._over.wait(self._every if self._born is not None else self._every / 10):
            with contextlib.suppress(OSError):
                self._look()

    def _look(self) -> None:
        place = os.open(self._folder, _FOLDER)
        try:
            if self._born is None:
                # By the store's own clock, like the times of its files.
                self._born = os.fstat(place).st_mtime
            found = sorted(self._requests(place), key=lambda request: request.at)
            for request in found:
                if self._offer(request):
                    self._seen.add(request.name)
                    os.unlink(request.name, dir_fd=place)
        finally:
            os.close(place)

    def _offer(self, request: Request) -> bool:
        try:
            self._found.put_nowait(request)
        except queue.Full:
            return False
        return True

    def _requests(self, place: int) -> Iterator[Request]:
        with os.scandir(place) as entries:
            names = [entry.name for _, entry in zip(range(_MOST_NAMES), entries, strict=False)]
        for name in names:
            if REQUEST.fullmatch(name) and name not in self._seen and len(self._seen) < _MOST_SEEN:
                try:
                    yield parse_request(name, self._content(place, name))
                except (ValueError, OSError):
                    self._seen.add(name)

    def _content(self, place: int, name: str) -> bytes:
        """Its bytes.

        Raises:
            ValueError: it is not a regular file, too long, or older than the attempt.
            OSError: it is a link, or cannot be read.
        """
        handle = os.open(name, _FILE, dir_fd=place)
        try:
            found = os.fstat(handle)
            is_old = self._born is not None and found.st_mtime < self._born - 1.0
            if not stat.S_ISREG(found.st_mode) or found.st_size > LONGEST or is_old:
                msg = "not a request of this attempt"
                raise ValueError(msg)
            return os.read(handle, LONGEST + 1)
        finally:
            os.close(handle)
