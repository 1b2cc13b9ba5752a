"""The attempt's private folder: files that the job needs from us, and files that it writes for us."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.process import takeover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.failure.takeover import Takeover

_PACKAGE = Path(__file__).resolve().parent.parent
_MAIN = """\
import sys
from airflow_spark_guard.job.launcher import main
sys.exit(main(sys.argv[1:]))
"""
# The main program in cluster mode; the user's script is its first argument.
_CLUSTER_MAIN = """\
import sys
from airflow_spark_guard.job.cluster_launcher import main
sys.exit(main(sys.argv[1:]))
"""
# The whole package may be installed where the driver runs; it stays importable.
_INIT = """\
\"\"\"The job's side of airflow_spark_guard.\"\"\"
__path__ = __import__("pkgutil").extend_path(__path__, __name__)
"""


def _prefix(task: str) -> str:
    return f"spark-guard-{task[:32]}-"


def remove_left_behind(task: str) -> None:
    """Remove the folders of earlier attempts: task and reaper may both have been killed."""
    for folder in _left_behind(task):
        with contextlib.suppress(OSError):
            takeover.clear(folder)


def leave_note(task: str, newer: Takeover) -> None:
    """Leave a note for earlier attempts of the task about the try that ends them; call before ending them."""
    for folder in _left_behind(task):
        takeover.leave(folder, newer)


def _left_behind(task: str) -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix(task)}*"):
        # Every user may write into the temporary folder: take only what is ours, and no symbolic link.
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode):
                yield folder


def _write_private(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)


class Workspace:
    """A folder that only this user can read. Creating it removes those of earlier attempts of the task.

    Args:
        task: the task's part of the attempt's tag.

    Attributes:
        folder: the folder itself.
        channel: JSON lines from the job.
        stacks: Python stacks of the driver, written on SIGUSR1.
        cancel: does not exist at first; once it does, the job's side cancels its Spark jobs.
        properties: Spark's ``--properties-file``, the only place for secret values of the configuration.
        keytab: the keytab of the connection, if it has one.
        secrets: the files to remove once the attempt's processes are gone.
        job_zip: the job's side of this package; Python can run it.
        driver_python: the script that Spark starts as the driver's Python.
        cluster_main: the main program of cluster mode.
    """

    def __init__(self, task: str) -> None:
        remove_left_behind(task)
        self.folder = Path(tempfile.mkdtemp(prefix=_prefix(task)))
        self.channel = self.folder / "channel.jsonl"
        self.stacks = self.folder / "stacks.txt"
        self.cancel = self.folder / "cancel"
        self.properties = self.folder / "spark.properties"
        self.keytab = self.folder / "connection.keytab"
        self.secrets = (self.properties, self.keytab)
        self.job_zip = self.folder / "airflow_spark_guard_job.zip"
        self.driver_python = self.folder / "driver-python"
        self.cluster_main = self.folder / "spark_guard_main.py"

    def write_properties(self, text: str) -> None:
        """Write the properties file, readable by its owner only."""
        _write_private(self.properties, text.encode())

    def write_keytab(self, content: bytes) -> None:
        """Write the keytab of the connection, readable by its owner only."""
        _write_private(self.keytab, content)

    def write_launcher(self, python: str | None) -> None:
        """Write the zip and the script that runs it.

        Args:
            python: the driver's Python that the configuration sets. None: the one that Spark itself would
                take from the environment, looked up when the script runs because spark-env.sh may set it.
        """
        self._write_job_zip()
        chosen = shlex.quote(python) if python else '"${PYSPARK_DRIVER_PYTHON:-${PYSPARK_PYTHON:-python3}}"'
        zip_file = shlex.quote(str(self.job_zip))
        self.driver_python.write_text(f'#!/bin/sh\nexec {chosen} {zip_file} "$@"\n')
        self.driver_python.chmod(0o700)

    def write_cluster_main(self) -> None:
        """Write the zip and the main program for a driver that runs elsewhere."""
        self._write_job_zip()
        self.cluster_main.write_text(_CLUSTER_MAIN)

    def _write_job_zip(self) -> None:
        with zipfile.ZipFile(self.job_zip, "w") as archive:
            archive.writestr("__main__.py", _MAIN)
            archive.writestr("airflow_spark_guard/__init__.py", _INIT)
            for source in sorted((_PACKAGE / "job").rglob("*.py")):
                archive.write(source, f"airflow_spark_guard/{source.relative_to(_PACKAGE)}")

    def remove(self) -> None:
        """Remove the folder with its contents."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, result_size: int) -> dict[str, str]:
        """Environment variables for the job's side (``job/wire.py``, ``job/launcher.py``)."""
        return {
            "SPARK_GUARD_CANCEL": str(self.cancel),
            "SPARK_GUARD_CHANNEL": str(self.channel),
            "SPARK_GUARD_RESULT_SIZE": str(result_size),
            "SPARK_GUARD_STACKS": str(self.stacks),
        }
