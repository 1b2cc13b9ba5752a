"""A folder that somebody else writes to: nothing in it leads elsewhere, and nothing in it is waited for.

It has those methods of a ``pathlib`` path, or of Airflow's ``ObjectStoragePath``, that are needed of it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEME = "file://"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A named pipe without a writer would otherwise be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Parts at the end of the path that are not ours to trust: task and attempt, which the driver makes.
_THEIRS = 2
_MOST_NAMES = 200_000


@dataclass(frozen=True)
class LocalFolder:
    """One folder. The two last parts of its path are not followed where they are links.

    Attributes:
        path: absolute, of three parts at least.
    """

    path: Path

    def iterdir(self) -> Iterator[LocalFile]:
        """What is in it, 200,000 at the most.

        Raises:
            OSError: it is not there, or a part of the path is no folder.
        """
        with self.opened() as place, os.scandir(place) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES)]
        yield from (self / name for name in names)

    def __truediv__(self, name: str) -> LocalFile:
        return LocalFile(self, name)

    def rmdir(self, *, recursive: bool) -> None:
        """Remove it with all that is in it; a link in it is removed, and what it leads to stays.

        Raises:
            OSError: it is not there, or something in it cannot be removed.
        """
        with LocalFolder(self.path.parent).opened(_THEIRS - 1) as above:
            if recursive:
                shutil.rmtree(self.path.name, dir_fd=above)
            else:
                os.rmdir(self.path.name, dir_fd=above)

    @contextmanager
    def opened(self, theirs: int = _THEIRS) -> Iterator[int]:
        """Its descriptor; of its path, the last parts are not followed."""
        parts = self.path.parts
        place = os.open(Path(*parts[:-theirs]), _FOLDER)
        try:
            for part in parts[-theirs:]:
                above, place = place, os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=place)
                os.close(above)
            yield place
        finally:
            os.close(place)


@dataclass(frozen=True)
class LocalFile:
    """A file in such a folder.

    Attributes:
        folder: where it is.
        name: what it is called there.
    """

    folder: LocalFolder
    name: str

    def open(self, _: str = "rb") -> BinaryIO:
        """Open it for reading.

        Raises:
            OSError: it is not there, or is no regular file: a link is not followed, a pipe not waited for.
        """
        with self.folder.opened() as place:
            try:
                handle = os.open(self.name, _FILE, dir_fd=place)
            except OSError as error:
                what = "it is a link" if error.errno == errno.ELOOP else error.strerror
                raise OSError(error.errno, what, self.name) from error
        kind = os.fstat(handle).st_mode
        if not stat.S_ISREG(kind):
            os.close(handle)
            number = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
            raise OSError(number, "it is no regular file", self.name)
        return os.fdopen(handle, "rb")


def local_folder(url: str) -> LocalFolder | None:
    """The folder of a ``file://`` address; None for any other store."""
    path = Path(url.removeprefix(_SCHEME))
    is_local = url.startswith(f"{_SCHEME}/") and len(path.parts) > _THEIRS
    return LocalFolder(path) if is_local else None
