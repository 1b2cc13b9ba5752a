"""An object store with records: any file system of fsspec, as Airflow opens it.

It has the requests that records need, and no others: ``pathlib``'s methods cost one for each file. Every
error of a store is an ``OSError`` with a text that is safe to show, also those of its client library.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_LONGEST: Final = 300
# Stores name the time of the last change differently: S3, Azure, Google, local and in memory.
_TIMES: Final = ("LastModified", "last_modified", "updated", "mtime", "created")
_VERSIONS: Final = ("ETag", "etag", "generation", "md5Hash")
_KINDS: Final = ((FileNotFoundError, errno.ENOENT), (PermissionError, errno.EACCES))


@dataclass(frozen=True)
class StoredFile:
    """An object.

    Attributes:
        key: below the root of the store.
        size: in bytes.
        written: by the store's clock; 0 if it does not say.
        version: another one for another content.
    """

    key: str
    size: int
    written: EpochTime
    version: str


class ObjectStore:
    """Objects below one root. Each method is one request or a few, and may take as long as the store does.

    Args:
        system: a file system of fsspec.
        root: the path of all records in it.
    """

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    def files(self, below: str = "") -> Sequence[StoredFile]:
        """Every object below a folder: one request for each 1,000 of them; there may be none.

        Raises:
            OSError: the store is gone, or refuses.
        """
        path = self._path(below)
        with _errors(), contextlib.suppress(FileNotFoundError):
            self._system.invalidate_cache(path)
            found = self._system.find(path, detail=True)
            return [self._stored(name, info) for name, info in found.items()]
        return []

    def folders(self, below: str = "") -> Sequence[str]:
        """The names of the folders in a folder, in order; one request for each 1,000.

        Raises:
            OSError: as for :meth:`files`.
        """
        path = self._path(below)
        with _errors(), contextlib.suppress(FileNotFoundError):
            self._system.invalidate_cache(path)
            found = self._system.ls(path, detail=True)
            names = {str(one["name"]).rstrip("/").rpartition("/")[2] for one in found if _is_folder(one)}
            return sorted(names)
        return []

    def read(self, key: str) -> bytes:
        """The content of an object.

        Raises:
            OSError: as for :meth:`files`, or it does not exist.
        """
        with _errors():
            return bytes(self._system.cat_file(self._path(key)))

    def read_all(self, keys: Sequence[str]) -> Mapping[str, bytes | OSError]:
        """The contents of some objects, or why they cannot be read; at the same time where the store can.

        Raises:
            OSError: as for :meth:`files`.
        """
        if not keys:
            return {}
        paths = {self._path(key): key for key in keys}
        with _errors():
            found = self._system.cat(list(paths), on_error="return")
        if not isinstance(found, dict):  # of one path
            found = {next(iter(paths)): found}
        named = {self._stripped(path): content for path, content in found.items()}
        return {key: _content(named.get(self._stripped(path))) for path, key in paths.items()}

    def write(self, key: str, data: bytes) -> None:
        """Replace an object.

        Raises:
            OSError: as for :meth:`files`.
        """
        path = self._path(key)
        with _errors():
            try:
                self._system.pipe_file(path, data)
            except FileNotFoundError:  # a file system with real folders
                self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._system.pipe_file(path, data)

    def put(self, key: str, file: Path) -> None:
        """Replace an object by a local file.

        Raises:
            OSError: as for :meth:`files`, or the file cannot be read.
        """
        path = self._path(key)
        with _errors():
            try:
                self._system.put_file(str(file), path)
            except FileNotFoundError:
                if not file.exists():
                    raise
                self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._system.put_file(str(file), path)

    def get(self, key: str, file: Path) -> None:
        """Copy an object to a local file.

        Raises:
            OSError: as for :meth:`read`, or the file cannot be written.
        """
        with _errors():
            self._system.get_file(self._path(key), str(file))

    def copy(self, key: str, to: str) -> None:
        """Copy an object within the store.

        Raises:
            OSError: as for :meth:`read`.
        """
        with _errors():
            self._system.cp_file(self._path(key), self._path(to))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects; one that does not exist is not an error.

        Raises:
            OSError: as for :meth:`files`.
        """
        paths = [self._path(key) for key in keys]
        if paths:
            with _errors(), contextlib.suppress(FileNotFoundError):
                self._system.rm(paths)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}".rstrip("/")

    def _stripped(self, path: str) -> str:
        return str(self._system._strip_protocol(path))  # noqa: SLF001 - fsspec's hook for file systems

    def _stored(self, path: str, info: Mapping[str, Any]) -> StoredFile:
        size, written = int(info.get("size") or 0), _written(info)
        named = next((str(info[name]) for name in _VERSIONS if info.get(name)), "")
        root = self._stripped(self._root)
        key = str(path).removeprefix(root).lstrip("/")
        return StoredFile(key, size, written, f"{named}/{size}/{written}")


def _is_folder(info: Mapping[str, Any]) -> bool:
    return info.get("type") == "directory"


def _written(info: Mapping[str, Any]) -> EpochTime:
    value = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return EpochTime((value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp())
    return EpochTime(float(value)) if isinstance(value, int | float) else EpochTime(0.0)


def _content(found: object) -> bytes | OSError:
    if isinstance(found, bytes | bytearray):
        return bytes(found)
    return _as_os_error(found if isinstance(found, Exception) else FileNotFoundError("no answer"))


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Each client library raises its own errors, and its texts may have anything in them."""
    try:
        yield
    except Exception as error:
        raise _as_os_error(error) from error


def _as_os_error(error: Exception) -> OSError:
    text = one_line(str(getattr(error, "strerror", None) or error) or type(error).__name__, _LONGEST)
    number = next((number for kind, number in _KINDS if isinstance(error, kind)), errno.EIO)
    return OSError(number, text)  # of the kind that the number stands for
