"""The channel's reading end: new lines of the file since the last look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.protocol import MAX_LINE, Message, parse

if TYPE_CHECKING:
    from pathlib import Path

_READ_AT_ONCE = 4 * MAX_LINE


class ChannelReader:
    """Follows the channel file; creates it, so that only an attempt that we started has one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x+b", buffering=0)
        self._rest = b""

    def read(self) -> list[Message]:
        """The messages written since the last call.

        Raises:
            ProtocolError: a line is not of the wire protocol.
        """
        chunk = self._file.read(_READ_AT_ONCE)
        if not chunk:
            return []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE:
            parse(self._rest)  # raises: too long
        return [parse(line) for line in lines]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
