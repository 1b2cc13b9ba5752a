"""The reading end of the channel: new lines since the last read, and whatever is left at the end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow_spark_guard.core.protocol import MAX_LINE, Message, parse, parse_lines
from airflow_spark_guard.process.disk_space import give_back

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ_AT_ONCE = 4 * MAX_LINE


class ChannelReader:
    """Follows the channel file. Creates it, so that only an attempt that we started has one.

    A job may report for days: the disk space of what was read is freed.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x+b", buffering=0)
        self._rest = b""
        self._read = self._given_back = 0

    def read(self) -> list[Message]:
        """The messages written since the last call, or the first 4 MiB of them.

        Raises:
            ProtocolError: a line does not follow the wire protocol.
        """
        return list(self._next())

    def remaining(self) -> Iterator[Message]:
        """Everything written until now and not read yet, without holding all of it in memory.

        Raises:
            ProtocolError: a line does not follow the wire protocol.
        """
        end = os.fstat(self._file.fileno()).st_size
        begin = -1
        while begin < self._read < end:  # a file that was truncated meanwhile yields nothing more
            begin = self._read
            yield from self._next()

    def _next(self) -> Iterator[Message]:
        chunk = self._file.read(_READ_AT_ONCE)
        self._read += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE:
            parse(self._rest)  # raises: too long
        if self._read - self._given_back >= _READ_AT_ONCE:
            self._given_back = self._read
            give_back(self._file.fileno(), self._read)
        yield from parse_lines(lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
