"""``output.log`` of a record: the whole output if it fits, else its beginning and its end."""

from __future__ import annotations

import os
import shutil
from typing import BinaryIO

NAME = "output.log"
_TAIL = "output.tail."


def open_at(folder: int, name: str, flags: int) -> BinaryIO:
    """Open a file in the folder of this descriptor: unbuffered, readable by its owner only, never a link.

    Raises:
        OSError: it cannot be opened.
    """
    return os.fdopen(
        os.open(name, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=folder),
        "rb+" if flags & os.O_RDWR else "wb",
        buffering=0,
    )


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of it, in as many calls as it takes.

    Raises:
        OSError: the disk is full, gone or read-only.
    """
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class OutputFile:
    """While the job runs: ``output.log``, and once it is full the two newest ``output.tail.<n>``.

    :meth:`close` joins them; if the process is killed, they stay as they are.

    Args:
        folder: descriptor of the record's folder.
        size: limit for all of them together, in bytes.
    """

    def __init__(self, folder: int, size: int) -> None:
        self._folder = folder
        self._free = size // 2
        self._part_size = size // 4
        self._head = open_at(folder, NAME, os.O_WRONLY | os.O_TRUNC)
        self._part: BinaryIO | None = None
        self._number = 0
        self._sizes: dict[int, int] = {}
        self._left_out = 0

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            OSError: the disk is full, gone or read-only.
        """
        for start in range(0, len(data), self._part_size):
            piece = data[start : start + self._part_size]
            if self._part is None and len(piece) <= self._free:
                self._free -= len(piece)
                write_all(self._head, piece)
            else:
                self._write_to_the_tail(piece)

    def _write_to_the_tail(self, piece: bytes) -> None:
        if self._part is None or self._sizes[self._number] + len(piece) > self._part_size:
            self._turn()
        self._sizes[self._number] += len(piece)
        if self._part is not None:
            write_all(self._part, piece)

    def _turn(self) -> None:
        """Begin a new part and keep only the newest of the older ones."""
        if self._part is not None:
            self._part.close()
        self._number += 1
        if (old := self._number - 2) in self._sizes:
            os.unlink(f"{_TAIL}{old}", dir_fd=self._folder)
            self._left_out += self._sizes.pop(old)
        self._part = open_at(self._folder, f"{_TAIL}{self._number}", os.O_RDWR | os.O_TRUNC)
        self._sizes[self._number] = 0

    def abandon(self) -> None:
        """Close the files and leave the parts as they are."""
        for file in (self._head, self._part):
            if file is not None:
                file.close()

    def close(self) -> None:
        """Join the parts.

        Raises:
            OSError: the disk is full, gone or read-only; the parts that were not joined stay.
        """
        try:
            if self._part is not None:
                self._part.close()
            if self._left_out:
                write_all(self._head, b"\n... %d bytes of output are left out here ...\n\n" % self._left_out)
            for number in sorted(self._sizes):
                with open_at(self._folder, f"{_TAIL}{number}", os.O_RDWR) as part:
                    shutil.copyfileobj(part, self._head)
                os.unlink(f"{_TAIL}{number}", dir_fd=self._folder)
        finally:
            self.abandon()
