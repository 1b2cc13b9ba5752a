"""Stores for the channel directory: a folder of this machine, or whatever Hadoop's FileSystem can reach."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol

_FILE = "file:"


class Store(Protocol):
    """A directory that files are written to atomically."""

    def is_ready(self, *, urgent: bool) -> bool:
        """Whether it can be written to; ``urgent`` allows it to set up what it needs.

        Raises:
            Exception: it cannot be reached at all.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a file.

        Raises:
            Exception: it could not be written.
        """


def store_of(directory: str) -> Store:
    """The store for a path, a ``file:`` URL, or a URL of Hadoop's (``hdfs://``, ``s3a://``, ``abfss://``)."""
    if directory.startswith(_FILE) or "://" not in directory:
        path = directory.removeprefix(_FILE)
        return FolderStore("/" + path.lstrip("/") if directory.startswith(_FILE) else path)
    return HadoopStore(directory)


class FolderStore:
    """A folder that this machine can access, such as a shared volume. It is created if missing."""

    def __init__(self, path: str) -> None:
        self._path = path

    def is_ready(self, *, urgent: bool) -> bool:  # noqa: ARG002 - it always is
        """Always True."""
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write under another name first, so that readers never see a partial file."""
        os.makedirs(self._path, exist_ok=True)  # noqa: PTH103 - pathlib costs start-up time here
        target = os.path.join(self._path, name)  # noqa: PTH118 - as above
        with open(f"{target}.part", "wb") as file:  # noqa: PTH123 - as above
            file.write(data)
        os.replace(f"{target}.part", target)  # noqa: PTH105 - as above


class HadoopStore:
    """A directory that the driver's JVM can access, with the file systems and credentials of the job."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._jvm: Any = None
        self._system: Any = None

    def is_ready(self, *, urgent: bool) -> bool:
        """True once the script has a SparkContext; if urgent, the gateway that Spark has prepared is used."""
        if self._jvm is None:
            self._jvm = _jvm_of_the_script() or (_connected() if urgent else None)
        return self._jvm is not None

    def write(self, name: str, data: bytes) -> None:
        """Write under another name first, so that readers never see a partial file."""
        folder = self._jvm.org.apache.hadoop.fs.Path(self._url)
        if self._system is None:
            hadoop = self._jvm.org.apache.spark.deploy.SparkHadoopUtil.get()
            self._system = folder.getFileSystem(hadoop.conf())
            self._system.mkdirs(folder)
        part = self._jvm.org.apache.hadoop.fs.Path(folder, f"{name}.part")
        stream = self._system.create(part, True)  # noqa: FBT003 - Java has no names for arguments
        try:
            stream.write(data)
        finally:
            stream.close()
        if not self._system.rename(part, self._jvm.org.apache.hadoop.fs.Path(folder, name)):
            msg = f"{self._url}/{name} could not be renamed into place"
            raise OSError(msg)


def _jvm_of_the_script() -> Any:
    """The JVM behind the script's SparkContext, even after that is stopped; None before it exists."""
    for name in ("pyspark.core.context", "pyspark.context"):  # 4.x, 3.5
        context = getattr(sys.modules.get(name), "SparkContext", None)
        if context is not None:
            return context._jvm  # noqa: SLF001 - there is no public way
    return None


def _connected() -> Any:
    """The JVM without a SparkContext, through the gateway that Spark names in the environment."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        msg = "no JVM to write with: the script was not started by spark-submit"
        raise OSError(msg)
    from pyspark import SparkContext

    SparkContext._ensure_initialized()  # noqa: SLF001 - there is no public way
    return SparkContext._jvm  # noqa: SLF001 - as above
