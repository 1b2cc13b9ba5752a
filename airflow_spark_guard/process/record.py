"""The record of an attempt: a folder that can be read while the job runs and afterwards."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.process import record_folder
from airflow_spark_guard.process.clean_json import clean_json
from airflow_spark_guard.process.instruments_file import InstrumentsFile
from airflow_spark_guard.process.output_file import OutputFile, open_at, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SUMMARY, OBSERVATIONS, AUTOPSY = "summary.json", "observations.jsonl", "autopsy.txt"
# Chunks (64 KiB each) that may queue for a slow store, how many are a backlog, seconds that the job may wait.
_WAITING, _BACKLOG = 64, 16
_PATIENCE = 5.0
# The fields of a summary that are kept if there is no space for the rest.
_SHORT = ("state", "verdict", "started_at", "ended_at_s")


class Record:
    """The folder of one attempt. It never raises and never delays the job for long.

    ``summary.json`` is replaced as a whole, ``observations.jsonl`` has one JSON object per line,
    ``instruments.jsonl`` too (see :class:`InstrumentsFile`), ``output.log`` is the raw output (see
    :class:`OutputFile`), ``autopsy.txt`` is text; secrets are masked in all of them. A separate thread
    writes: a store that hangs delays the job by 5 s, once. After the first error only summaries are retried,
    so that none stays at ``running`` because the disk was full.

    Args:
        folder: the folder of this attempt alone (see :mod:`record_folder`); created here.
        size: limit in bytes: half is for the output, an eighth for observations, a sixteenth each for
            summary, autopsy and instruments.
        shown: where it goes, if that is another place than the folder.

    Attributes:
        folder: as passed.
        trouble: what went wrong, in one sentence; empty if nothing did.
    """

    def __init__(self, folder: Path, size: int, shown: str = "") -> None:
        self.folder = folder
        self._shown = shown or str(folder)
        self.trouble = ""
        self._size = size
        self._files: _Files | None = None
        self._hangs = False
        self._jobs: queue.Queue[tuple[Callable[[_Files], None], bool] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, name="spark-guard-record", daemon=True)
        self._closed = False
        self._thread.start()

    @property
    def place(self) -> str:
        """Where it is found, as text; empty if its folder could not be created."""
        return self._shown if self._files is not None or not self.trouble else ""

    def summary(self, fields: Mapping[str, Any]) -> None:
        """Replace ``summary.json`` atomically: a reader sees either the old or the new one.

        On a full disk a shortened summary overwrites the old one in place.
        """
        text, short = clean_json(fields), clean_json({key: fields[key] for key in _SHORT if key in fields})
        self._put(lambda files: files.summary(text, short), always=True)

    def observation(self, fields: Mapping[str, Any]) -> None:
        """Append a line to ``observations.jsonl``; skips more and more lines as its share fills up."""
        text = clean_json(fields)
        self._put(lambda files: files.observation(text))

    def instrument(self, fields: Mapping[str, Any]) -> None:
        """Append a measurement of the job's instruments to ``instruments.jsonl``."""
        text, warned = clean_json(fields), bool(fields.get("warning"))
        self._put(lambda files: files.instruments.write(text, warned=warned))

    def output(self, chunk: bytes) -> None:
        """Append raw output."""
        if chunk:
            self._put(lambda files: files.output(chunk))

    def autopsy(self, text: str) -> None:
        """Write ``autopsy.txt``."""
        data = safe_text(text).encode()
        self._put(lambda files: files.autopsy(data))

    def json_file(self, name: str, fields: Mapping[str, Any], *, droppable: bool = False) -> None:
        """Replace a small JSON file of this name atomically.

        Args:
            name: of the file.
            fields: what it holds.
            droppable: whether to leave it out while the writer has a backlog, because a newer one will come.
        """
        if not (droppable and self._jobs.qsize() > _BACKLOG):
            self._put(lambda files: files.replace(name, clean_json(fields).encode()))

    def text_file(self, name: str, text: str) -> None:
        """Replace a text file of this name atomically, with secrets masked; cut at 1/16 of the size."""
        data = safe_text(text).encode()
        self._put(lambda files: files.replace(name, data))

    def close(self) -> None:
        """Write what is queued and join the output. May be called more than once."""
        if self._closed:
            return
        self._put(_Files.finish)
        self._closed = True
        with contextlib.suppress(queue.Full):
            self._jobs.put_nowait(None)
        self._thread.join(0.1 if self._hangs else _PATIENCE)
        if self._thread.is_alive():
            self._hang()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, job: Callable[[_Files], None], *, always: bool = False) -> None:
        """Queue a job for the writer; after an error only jobs marked ``always``."""
        if self._closed or self._hangs or (self.trouble and not always):
            return
        try:
            self._jobs.put((job, always), timeout=_PATIENCE)
        except queue.Full:
            self._hang()

    def _hang(self) -> None:
        self._hangs = True
        self._give_up("the store does not respond")

    def _give_up(self, reason: str) -> None:
        self.trouble = self.trouble or f"The record {self.folder} cannot be written: {reason}."

    def _write(self) -> None:
        """The thread's loop, until the record is closed. After an error it only drains the queue."""
        try:
            self._files = _Files(record_folder.make(self.folder), self._size)
        except OSError as error:
            self._give_up(_reason(error))
        while (item := self._jobs.get()) is not None:
            job, always = item
            if self._files is not None and (always or not self.trouble):
                try:
                    job(self._files)
                except OSError as error:
                    self._give_up(_reason(error))
            if self._closed and self._jobs.empty():  # the queue was too full for the end marker
                break
        if self._files is not None:
            self._files.close()


class NoRecord:
    """A record that discards everything, for attempts without a record folder."""

    folder = Path()
    place = ""
    trouble = ""

    def summary(self, fields: Mapping[str, Any]) -> None:
        """Do nothing."""

    def observation(self, fields: Mapping[str, Any]) -> None:
        """Do nothing."""

    def instrument(self, fields: Mapping[str, Any]) -> None:
        """Do nothing."""

    def output(self, chunk: bytes) -> None:
        """Do nothing."""

    def autopsy(self, text: str) -> None:
        """Do nothing."""

    def json_file(self, name: str, fields: Mapping[str, Any], *, droppable: bool = False) -> None:
        """Do nothing."""

    def text_file(self, name: str, text: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Files:
    """The open files of a record; each method may raise OSError."""

    def __init__(self, folder: int, size: int) -> None:
        self._folder = folder
        self._small = size // 16
        self._share = size // 8
        self._written = 0
        self._seen = 0
        self._open = contextlib.ExitStack()
        self._open.callback(os.close, folder)
        self._masked = MaskedLines()
        self._output = OutputFile(folder, size // 2)
        self._open.callback(self._output.abandon)
        self.instruments = InstrumentsFile(folder, size // 16)
        self._open.callback(self.instruments.close)
        self._observations = self._open.enter_context(
            open_at(folder, OBSERVATIONS, os.O_WRONLY | os.O_APPEND | os.O_TRUNC)
        )

    def summary(self, text: str, short: str) -> None:
        if len(text) > self._small:
            text = json.dumps({"left_out": f"a summary of {len(text)} bytes"})
        try:
            self._replace(SUMMARY, text.encode() + b"\n")
        except OSError:
            with contextlib.suppress(OSError):
                self._overwrite(SUMMARY, short.encode() + b"\n")
            raise

    def observation(self, text: str) -> None:
        self._seen += 1
        # While half of the share is free, every line is kept; then every 2nd; with a quarter left every 4th,
        # and so on.
        free = self._share - self._written
        step = 1 << int(math.log2(self._share / free)) if free > 0 else 0
        line = text.encode() + b"\n"
        if step and self._seen % step == 0 and len(line) <= free:
            write_all(self._observations, line)
            self._written += len(line)

    def output(self, chunk: bytes) -> None:
        self._output.write(self._masked.take(chunk))

    def autopsy(self, data: bytes) -> None:
        self.replace(AUTOPSY, data)

    def replace(self, name: str, data: bytes) -> None:
        self._replace(name, data[: self._small])

    def finish(self) -> None:
        self._output.write(self._masked.rest())
        self._output.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._open.close()

    def _replace(self, name: str, data: bytes) -> None:
        new = f"{name}.new"
        with open_at(self._folder, new, os.O_WRONLY | os.O_TRUNC) as file:
            write_all(file, data)
        os.rename(new, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _overwrite(self, name: str, data: bytes) -> None:
        """Write into the existing file, whose blocks are allocated; if that fails, remove it as outdated."""
        with contextlib.suppress(OSError):
            os.unlink(f"{name}.new", dir_fd=self._folder)
        try:
            handle = os.open(name, os.O_WRONLY | os.O_NOFOLLOW, dir_fd=self._folder)
            with os.fdopen(handle, "wb", buffering=0) as file:
                write_all(file, data)
                file.truncate()
        except OSError:
            os.unlink(name, dir_fd=self._folder)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
