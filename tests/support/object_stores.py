"""An object store in memory that counts its requests, and can be slow, gone, or refuse."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, ClassVar

from fsspec.implementations.memory import MemoryFileSystem

from airflow_spark_guard.process.object_store import ObjectStore

ROOT = "/bucket/records"


class Objects(MemoryFileSystem):
    """fsspec's file system in memory, one of its own for each test."""

    cachable = False
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def __init__(self) -> None:
        super().__init__()
        self.store, self.pseudo_dirs = {}, [""]  # type: ignore[misc] # of this one alone
        self.requests: list[tuple[str, str]] = []
        self.seconds = 0.0
        self.error: Exception | None = None
        self.refuses = ""
        self.hangs = threading.Event()
        self.hangs.set()

    def _request(self, kind: str, path: object) -> None:
        self.requests.append((kind, str(path)))
        self.hangs.wait(60)
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        if self.refuses and self.refuses in str(path):
            text = "Access Denied"
            raise PermissionError(text)

    def find(self, path: str, **kwargs: Any) -> Any:
        self._request("list", path)
        return super().find(path, **kwargs)

    def cat_file(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._request("get", path)
        return super().cat_file(path, *args, **kwargs)

    def pipe_file(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self._request("put", path)
        return super().pipe_file(path, *args, **kwargs)

    def put_file(self, lpath: str, rpath: str, *args: Any, **kwargs: Any) -> Any:
        self._request("put", rpath)
        return super().put_file(lpath, rpath, *args, **kwargs)

    def get_file(self, rpath: str, *args: Any, **kwargs: Any) -> Any:
        self._request("get", rpath)
        return super().get_file(rpath, *args, **kwargs)

    def rm(self, path: Any, **kwargs: Any) -> Any:
        self._request("delete", path)
        return super().rm(path, **kwargs)

    def names(self) -> list[str]:
        """The keys of all objects."""
        return sorted(name.removeprefix(f"{ROOT}/") for name in self.store)


def object_store(system: Any = None) -> ObjectStore:
    """A store of records on this file system."""
    return ObjectStore(system or Objects(), ROOT)


def put_stored(objects: Objects, place: str, **files: Any) -> None:
    """Files of a record; names with an underscore for the dot, JSON for what is no text."""
    for name, content in files.items():
        stem, _, end = name.rpartition("_")
        text = content if isinstance(content, str) else json.dumps(content)
        objects.pipe_file(f"{ROOT}/{place}/{stem}.{end}", text.encode())
