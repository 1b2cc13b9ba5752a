"""The lines of an event log, each at most so long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.sources.event_log_streams import Stream

LONGEST_LINE = 64 << 20


class Lines:
    """Splits a stream into lines, without their ends; one that is too long is left out.

    Args:
        stream: read once.
        longest: of a line, in bytes.

    Attributes:
        rest: what stands after the last end of a line; empty before the end.
        too_long: lines that were left out.
        damage: what is wrong with the stream, in one sentence; empty if nothing is.
    """

    def __init__(self, stream: Stream, longest: int = LONGEST_LINE) -> None:
        self.rest, self.damage, self.too_long = b"", "", 0
        self._stream, self._longest = stream, longest

    def __iter__(self) -> Iterator[bytes]:
        begun: list[bytes] = []
        size = 0
        while (chunk := self._next()) is not None:
            first, *lines = chunk.split(b"\n")
            size += len(first)
            # What is too long already need not be kept.
            begun = [*begun, first] if size <= self._longest else []
            if not lines:
                continue
            if size <= self._longest:
                yield b"".join(begun)
            else:
                self.too_long += 1
            last = lines.pop()
            begun, size = [last], len(last)
            yield from lines
        if size > self._longest:
            self.too_long += 1
        self.rest = b"".join(begun)

    def _next(self) -> bytes | None:
        try:
            return next(self._stream)
        except StopIteration as end:
            self.damage = end.value
            return None
