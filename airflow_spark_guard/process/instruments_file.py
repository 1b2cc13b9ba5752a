"""``instruments.jsonl`` of a record: the first measurements and the newest, those with a warning apart."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from airflow_spark_guard.process.output_file import open_at, write_all

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME: Final = "instruments.jsonl"
LARGEST: Final = 4 << 20
"""Limit in bytes, however large the record may be: the lines are kept in memory as well."""

Row = tuple[bytes, bool]
"""A line with its newline, and whether it has a warning."""


class InstrumentsFile:
    """One JSON object per line, from the first one on. When the share is full, a shorter file replaces it.

    That has the first quarter of the share, then ``{"left_out": number}``, then of the rest the newest ones
    with a warning and the newest others, a quarter of the share each, in their order.

    Args:
        folder: descriptor of the record's folder.
        size: limit in bytes.
    """

    def __init__(self, folder: int, size: int) -> None:
        self._folder, self._share = folder, min(size, LARGEST)
        self._first: list[Row] = []
        self._rest: list[Row] = []
        self._written = self._first_size = self._left_out = 0
        self._file: BinaryIO | None = None

    def write(self, text: str, *, warned: bool) -> None:
        """Append a line.

        Args:
            text: without its newline.
            warned: whether it has a warning.

        Raises:
            OSError: the disk is full, gone or read-only.
        """
        row = text.encode() + b"\n", warned
        if len(row[0]) > self._share // 8:
            self._left_out += 1
            return
        if not self._rest and self._first_size + len(row[0]) <= self._share // 4:
            self._first.append(row)
            self._first_size += len(row[0])
        else:
            self._rest.append(row)
        if self._written + len(row[0]) > self._share:
            self._shorten()
        else:
            if self._file is None:
                self._file = open_at(self._folder, NAME, os.O_WRONLY | os.O_TRUNC)
            write_all(self._file, row[0])
            self._written += len(row[0])

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _shorten(self) -> None:
        quarter = self._share // 4
        kept = sorted(
            (*_newest(self._rest, quarter, warned=True), *_newest(self._rest, quarter, warned=False))
        )
        self._left_out += len(self._rest) - len(kept)
        self._rest = [self._rest[number] for number in kept]
        note = json.dumps({"left_out": self._left_out}).encode() + b"\n"
        data = b"".join([*(line for line, _ in self._first), note, *(line for line, _ in self._rest)])
        new = open_at(self._folder, f"{NAME}.new", os.O_WRONLY | os.O_TRUNC)
        try:
            write_all(new, data)
            os.rename(f"{NAME}.new", NAME, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError:
            new.close()
            raise
        self.close()
        self._file, self._written = new, len(data)


def _newest(rows: Sequence[Row], size: int, *, warned: bool) -> list[int]:
    """The numbers of the newest rows with, or without, a warning that have at most this size together."""
    found: list[int] = []
    for number in reversed(range(len(rows))):
        line, has_warning = rows[number]
        if has_warning is not warned:
            continue
        size -= len(line)
        if size < 0:
            break
        found.append(number)
    return found
