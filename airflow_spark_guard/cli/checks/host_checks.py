"""This host: py-spy, the folder of records, disks, limits of the operating system."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.quantity import readable_size
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.process_samples import python_threads
from airflow_spark_guard.process.surroundings import limits_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.setup import Setup

_SCOPE: Final = Path("/proc/sys/kernel/yama/ptrace_scope")
_WAITS: Final = "import sys; print(1, flush=True); sys.stdin.read()"
_ENOUGH_SPACE: Final = 2 << 30
_LEAST_SPACE: Final = 256 << 20
_FILES: Final = 4096
_PROCESSES: Final = 2048


class PySpyCheck(Check):
    """Whether py-spy may read another process of this user: else no verdict names the user's line."""

    name = "py-spy"
    limit = 30.0

    def look(self, setup: Setup) -> Iterable[Line]:
        """Reads a Python that was started for this."""
        del setup
        with subprocess.Popen(
            [sys.executable, "-S", "-c", _WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            try:
                return [self._read(child)]
            finally:
                child.kill()

    def _read(self, child: subprocess.Popen[bytes]) -> Line:
        if child.stdout is not None:
            child.stdout.readline()  # it is in the script now
        proc = proctree.read(child.pid)
        if proc is None:
            return self.error("/proc does not show processes.", "Mount the /proc of this process namespace.")
        try:
            threads = python_threads(proc)
        except PermissionError:
            return self.error(
                f"py-spy may not read another process{_scope()}: verdicts will not name the line that hangs.",
                "Set kernel.yama.ptrace_scope=0, or give the container the capability SYS_PTRACE "
                "(docker run --cap-add SYS_PTRACE).",
            )
        except FileNotFoundError:
            return self.error("py-spy is not installed.", "pip install py-spy")
        except (TimeoutError, OSError) as error:
            return self.warning(f"py-spy could not read a Python process: {error}.", "pip install -U py-spy")
        if not threads:
            return self.warning("py-spy read a Python process, but no stack.", "pip install -U py-spy")
        return self.ok("py-spy reads other processes")


def _scope() -> str:
    with suppress(OSError):
        return f" (ptrace_scope is {_SCOPE.read_text().strip()})"
    return ""


class RecordStoreCheck(Check):
    """Whether an attempt can write its record."""

    name = "records"
    limit = 60.0

    def look(self, setup: Setup) -> Iterable[Line]:
        """Makes a folder in the store, writes a file, and removes both; in an object store an object."""
        folder = record_folder_of(setup)
        if isinstance(folder, StoreAddress):
            return [self._object(folder)]
        if folder is None:
            what = "not tried: no Airflow is configured here; name the folder with --record-folder"
            return [self.ok(what if not setup.uses_airflow else "switched off ([spark_guard] record_folder)")]
        above = _existing(folder)
        try:
            with tempfile.TemporaryDirectory(prefix=".spark-guard-doctor-", dir=above) as made:
                Path(made, "file").write_bytes(b"x" * 4096)
        except OSError as error:
            return [
                self.error(
                    f"Records cannot be written to {folder}: {error.strerror or error}"
                    + (f" (in {above})." if above != folder else "."),
                    "Make it writable for the user that runs tasks, or set Airflow's option [spark_guard] "
                    "record_folder to another folder.",
                )
            ]
        return [self.ok(f"{folder} is writable" if above == folder else f"{folder} can be made")]

    def _object(self, address: StoreAddress) -> Line:
        from airflow_spark_guard.hooks.object_storage import open_store  # noqa: PLC0415 - it imports Airflow

        name = f".spark-guard-doctor-{secrets.token_hex(8)}"
        try:
            store = open_store(address)
            store.write(name, b"x" * 4096)
            store.folders()
            store.read(name)
            store.remove([name])
        except BadInputError as error:
            return self.of(error)
        except OSError as error:
            return self.error(
                f"Records cannot be written to {address}: {error.strerror}",
                "Give its Airflow connection the rights to list, read, write and delete objects.",
            )
        return self.ok(f"{address} can be listed, written, read and cleared")


class DiskSpaceCheck(Check):
    """Space for records, and for what Spark spills."""

    name = "disk space"

    def look(self, setup: Setup) -> Iterable[Line]:
        """A line for each folder."""
        local = setup.env.get("SPARK_LOCAL_DIRS") or setup.env.get("TMPDIR") or tempfile.gettempdir()
        places = [(Path(one), "Spark's temporary files") for one in local.split(",") if one]
        records = record_folder_of(setup)
        if isinstance(records, Path):
            places.append((records, "records"))
        for folder, purpose in places:
            yield self._line(_existing(folder), purpose)

    def _line(self, folder: Path, purpose: str) -> Line:
        free, entries = shutil.disk_usage(folder).free, os.statvfs(folder)
        what = f"{folder}, for {purpose}: {readable_size(free)} free"
        if entries.f_files and not entries.f_favail:
            return self.error(f"{what}, but no room for another file (inodes).", "Remove files there.")
        if free < _LEAST_SPACE:
            return self.error(f"{what} (at least {readable_size(_LEAST_SPACE)}).", _ROOM)
        if free < _ENOUGH_SPACE:
            return self.warning(f"{what} (better {readable_size(_ENOUGH_SPACE)}).", _ROOM)
        return self.ok(what)


_ROOM: Final = "Make room: spark-guard prune removes old records; SPARK_LOCAL_DIRS names another disk."


class LimitsCheck(Check):
    """Limits of the operating system, and restrictions of a sandbox."""

    name = "limits"

    def look(self, setup: Setup) -> Iterable[Line]:
        """A line for each that is too low."""
        del setup
        lines = list(self._low())
        lines += [
            self.warning(text, "The guard works with less; a newer kernel or container engine permits more.")
            for text in limits_here()
        ]
        return lines or [self.ok("open files, processes and signals are not restricted")]

    def _low(self) -> Iterator[Line]:
        for kind, name, least, option in (
            (resource.RLIMIT_NOFILE, "open files", _FILES, "-n"),
            (resource.RLIMIT_NPROC, "processes", _PROCESSES, "-u"),
        ):
            soft, _ = resource.getrlimit(kind)
            if soft != resource.RLIM_INFINITY and soft < least:
                what = f"This user may have {soft} {name} (better {least}): Spark may fail with many tasks."
                yield self.warning(what, f"Raise it for the service that runs tasks: ulimit {option} {least}")


def record_folder_of(setup: Setup) -> Path | StoreAddress | None:
    """Where all records are; None if there is none, or Airflow is not configured here."""
    if isinstance(setup.record_folder, Path):
        return setup.record_folder.absolute()
    if setup.record_folder is not None:
        return setup.record_folder
    if not setup.uses_airflow:
        return None
    from airflow_spark_guard.hooks.settings import record_root  # noqa: PLC0415 - it imports Airflow

    return record_root()


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
