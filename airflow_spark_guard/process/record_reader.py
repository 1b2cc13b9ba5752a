"""Reads the record of an attempt, while the job runs and afterwards; ``docs/records.md`` has its files."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line, safe_text
from airflow_spark_guard.process.instruments_file import NAME as INSTRUMENTS
from airflow_spark_guard.process.local_folder import LocalFolder
from airflow_spark_guard.process.output_file import NAME as OUTPUT
from airflow_spark_guard.process.record import AUTOPSY, OBSERVATIONS, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

VERSION: Final = 1
"""Newest format of ``summary.json`` that this version reads."""
TRACEBACK: Final = "traceback.txt"
TAIL: Final = 64 << 10
# What is kept in memory of one file, and of one line of observations; in bytes.
_LONGEST_SUMMARY = 64 << 20
_LONGEST_TEXT = 1 << 20
_LONGEST_LINE = 4 << 20
_PART = re.compile(r"output\.tail\.(\d{1,9})", re.ASCII)
_GAP = b"\n... output is left out here ...\n\n"
_HUGE = 1e300
_LEAST_PARTS = 3  # of a path whose last two are not followed


class Folder(Protocol):
    """A folder: ``pathlib.Path``, Airflow's ``ObjectStoragePath``, or anything with these two methods."""

    def __truediv__(self, name: str, /) -> Any:
        """Return its file of this name, which has ``open("rb")``."""

    def iterdir(self) -> Iterator[Any]:
        """Iterate over its files, each of which has a ``name``."""


@dataclass(frozen=True)
class AttemptRecord:
    """The record of one attempt. No method raises: a damaged file counts as empty, and ``trouble`` has why.

    ``summary`` and observations are untrusted, and of any shape. Texts that methods return are safe to print:
    secrets are masked, and there are no control characters.

    Attributes:
        folder: of the record.
        summary: ``summary.json``; empty if it is damaged.
    """

    folder: Folder
    summary: Mapping[str, Any]
    _trouble: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def trouble(self) -> tuple[str, ...]:
        """What is damaged in the files that were read so far, one sentence each."""
        return tuple(self._trouble.values())

    @property
    def state(self) -> str:
        """``running``, ``deferred``, ``success`` or ``failed``; empty if it is not known."""
        return self.text("state")

    @property
    def is_over(self) -> bool:
        """Whether the attempt has ended."""
        return self.state in {"success", "failed"}

    def text(self, name: str) -> str:
        """A field of the summary that is text; empty if it is missing or something else."""
        value = self.summary.get(name)
        return safe_text(value) if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """A field of the summary that is a number; None if it is missing or something else."""
        value = self.summary.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HUGE
        return value if is_number else None

    def observations(self) -> Iterator[Mapping[str, Any]]:
        """The observations, oldest first, one at a time; a damaged line is left out.

        ``at`` is in seconds since the launch, ``wall`` in seconds since the epoch.
        """
        return self._rows(OBSERVATIONS)

    def instruments(self) -> Iterator[Mapping[str, Any]]:
        """The measurements of the job's instruments (``docs/records.md``), as :meth:`observations`."""
        return self._rows(INSTRUMENTS)

    def _rows(self, name: str) -> Iterator[Mapping[str, Any]]:
        damaged = 0
        with self._opened(name) as file:
            while line := self._part_of(name, lambda: file.readline(_LONGEST_LINE)):
                row = _object(line)
                if row is not None:
                    yield row
                else:
                    damaged += line.endswith(b"\n") or len(line) == _LONGEST_LINE  # else it is being written
        if damaged:
            self._trouble[name] = f"{name} has {damaged} damaged lines, which are left out."

    def output_tail(self, size: int = TAIL) -> str:
        """The end of the job's output, in whole lines.

        Args:
            size: limit in bytes.
        """
        data = self._end_of_output(size)
        if len(data) > size:
            data = data[-size - 1 :].partition(b"\n")[2] or data[-size:]
        return safe_text(data.decode(errors="replace"))

    def autopsy(self) -> str:
        """The diagnostics that were collected before a kill; empty without any."""
        return self._text_of(AUTOPSY)

    def traceback(self) -> str:
        """The exception of a failed attempt with every frame; empty without one."""
        return self._text_of(TRACEBACK)

    def _text_of(self, name: str) -> str:
        with self._opened(name) as file:
            data = self._part_of(name, lambda: file.read(_LONGEST_TEXT + 1))
        if len(data) > _LONGEST_TEXT:
            self._trouble[name] = f"{name} has more than {_LONGEST_TEXT >> 20} MiB; the rest is left out."
        return safe_text(data[:_LONGEST_TEXT].decode(errors="replace"))

    def _end_of_output(self, size: int) -> bytes:
        """A little more than the last bytes if there is more, else all."""
        found: list[bytes] = []
        for name in reversed(self._outputs()):
            if (left := size + 1 - sum(map(len, found))) <= 0:
                break
            found.append(self._end_of(name, left) if name else _GAP)
        return b"".join(reversed(found))

    def _end_of(self, name: str, size: int) -> bytes:
        """At most so many bytes, the last ones of a file."""
        with self._opened(name) as file:
            return self._part_of(name, lambda: _end(file, size))

    def _outputs(self) -> Sequence[str]:
        """The files of the output in order; an empty name stands for parts that were removed."""
        names: list[str] = []
        try:
            names = [path.name for path in self.folder.iterdir()]
        except Exception as error:  # noqa: BLE001 - each store raises its own errors
            self._fails(OUTPUT, error)
        numbers = sorted(int(found[1]) for found in map(_PART.fullmatch, names) if found)
        gap = [""] if numbers and numbers[0] > 1 else []
        return [OUTPUT, *gap, *(f"output.tail.{number}" for number in numbers)]

    def _opened(self, name: str) -> BinaryIO:
        """The file; an empty one if it does not exist or cannot be opened."""
        try:
            return (self.folder / name).open("rb")  # type: ignore[no-any-return]
        except FileNotFoundError:
            pass
        except Exception as error:  # noqa: BLE001 - each store raises its own errors
            self._fails(name, error)
        return io.BytesIO()

    def _part_of(self, name: str, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - each store raises its own errors
            self._fails(name, error)
            return b""

    def _fails(self, name: str, error: Exception) -> None:
        self._trouble[name] = f"{name} cannot be read: {_reason(error)}."


def read_record(folder: Folder) -> AttemptRecord:
    """The record in this folder.

    Args:
        folder: of one attempt, ``<root>/<dag>/<run>/<task>/try-1``. In a local one no link is followed, and a
            pipe is not waited for.

    Raises:
        RecordError: it does not exist, cannot be read, is not a record, or has a newer format.
    """
    safe = _without_links(folder)
    trouble: dict[str, str] = {}
    try:
        with (safe / SUMMARY).open("rb") as file:
            summary = _parsed(file.read(_LONGEST_SUMMARY + 1))
    except Exception as error:  # noqa: BLE001 - each store raises its own errors
        _check_is_record(folder, safe)
        trouble[SUMMARY] = (
            f"{SUMMARY} is missing: it was never written, or it was removed because the disk was full."
            if isinstance(error, FileNotFoundError)
            else f"{SUMMARY} is damaged: {_reason(error)}."
        )
        summary = {}
    else:
        _check_version(folder, summary)
        if "v" not in summary:
            trouble[SUMMARY] = (
                f"{SUMMARY} has only a part of its fields: the disk was full, it was longer than its "
                "share of record_size, or a version before 0.8 has written it."
            )
    return AttemptRecord(safe, MappingProxyType(summary), trouble)


def _without_links(folder: Folder) -> Folder:
    """A local folder as one in which no link is followed; any other as it is."""
    if type(folder) is not type(Path()):  # a subclass may be an object store's
        return folder
    path = folder.absolute()
    return LocalFolder(path) if len(path.parts) >= _LEAST_PARTS else path


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > _LONGEST_SUMMARY:
        msg = f"it has more than {_LONGEST_SUMMARY >> 20} MiB"
        raise ValueError(msg)
    summary = strict_json(data)
    if not isinstance(summary, dict):
        msg = "it is not a JSON object"
        raise ValueError(msg)  # noqa: TRY004 - as for any other damage
    return summary


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = strict_json(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _end(file: BinaryIO, size: int) -> bytes:
    """At most so many bytes, the last ones."""
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - size))
    return file.read(size)


def _check_is_record(folder: Folder, safe: Folder) -> None:
    try:
        names = {path.name for path in safe.iterdir()}
    except Exception as error:
        missing = isinstance(error, FileNotFoundError)
        raise RecordError(
            "The record does not exist." if missing else "The record cannot be read.",
            got=one_line(f"{folder}: {_reason(error)}", 1000),
            expected="the folder of an attempt, <root>/<dag>/<run>/<task>/try-1",
            advice="Check the path, and that records are kept: Airflow's option [spark_guard] record_folder."
            if missing
            else "Read it as the user that runs the tasks: records have mode 0700.",
        ) from error
    if not names & {SUMMARY, OBSERVATIONS, OUTPUT}:
        raise RecordError(
            "The folder is not a record of an attempt.",
            got=one_line(f"{folder}: {', '.join(sorted(names)[:5]) or 'an empty folder'}", 1000),
            expected=f"a folder with {SUMMARY}, as <root>/<dag>/<run>/<task>/try-1",
            advice="Pass the folder of one try.",
        )


def _check_version(folder: Folder, summary: Mapping[str, Any]) -> None:
    found = summary.get("v", VERSION)
    if found in range(1, VERSION + 1):
        return
    raise RecordError(
        "The record has a format that this version cannot read.",
        got=one_line(f"{folder}: format {found}", 1000),
        expected=f"format 1 to {VERSION}" if VERSION > 1 else "format 1",
        advice="Read it with the version of airflow-spark-guard that has written it, or a newer one.",
    )


def _reason(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200).rstrip(".")
