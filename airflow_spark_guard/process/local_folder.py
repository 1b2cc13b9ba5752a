"""A folder that an untrusted writer shares: no link in it is followed, no pipe in it blocks a reader.

It has the methods of ``pathlib.Path`` and of Airflow's ``ObjectStoragePath`` that are needed here.
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
# Untrusted parts at the end of the path: task and attempt, which the driver creates.
_THEIRS = 2
_MOST_NAMES = 200_000


@dataclass(frozen=True)
class LocalFolder:
    """One folder. The last two parts of its path are not followed if they are links.

    Attributes:
        path: absolute, with at least three parts.
    """

    path: Path

    def iterdir(self) -> Iterator[LocalFile]:
        """Its files, at most 200,000.

        Raises:
            OSError: it does not exist, or a part of the path is not a folder.
        """
        with self.opened() as place, os.scandir(place) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES)]
        yield from (self / name for name in names)

    def __truediv__(self, name: str) -> LocalFile:
        return LocalFile(self, name)

    def rmdir(self, *, recursive: bool) -> None:
        """Remove it with its contents; a link in it is removed, its target stays.

        Raises:
            OSError: it does not exist, or something in it cannot be removed.
        """
        with LocalFolder(self.path.parent).opened(_THEIRS - 1) as above:
            if recursive:
                shutil.rmtree(self.path.name, dir_fd=above)
            else:
                os.rmdir(self.path.name, dir_fd=above)

    @contextmanager
    def opened(self, theirs: int = _THEIRS) -> Iterator[int]:
        """Its descriptor; links in the last ``theirs`` parts of its path are not followed."""
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
        folder: the folder that holds it.
        name: its name there.
    """

    folder: LocalFolder
    name: str

    def open(self, _: str = "rb") -> BinaryIO:
        """Open it for reading.

        Raises:
            OSError: it does not exist, or is not a regular file: links are not followed, pipes do not block.
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
            raise OSError(number, "it is not a regular file", self.name)
        return os.fdopen(handle, "rb")


def local_folder(url: str) -> LocalFolder | None:
    """The folder of a ``file://`` address; None for any other store."""
    path = Path(url.removeprefix(_SCHEME))
    is_local = url.startswith(f"{_SCHEME}/") and len(path.parts) > _THEIRS
    return LocalFolder(path) if is_local else None
