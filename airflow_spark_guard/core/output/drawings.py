"""Progress bars: a line that is drawn again and again, each time from its beginning."""

from __future__ import annotations

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.output.pace import Pace

_EVERY = 10.0


class Drawings:
    """Makes lines of what carriage returns draw: the last drawing of each, and one in 10 s meanwhile."""

    def __init__(self) -> None:
        self._pace = Pace(_EVERY)

    def lines(self, data: bytes, now: MonotonicTime) -> tuple[bytes, bytes]:
        """The same output with newlines alone, and the drawing to show meanwhile, empty for none.

        A return at its end may still become a newline, and stays.
        """
        if b"\r" not in data:
            return data, b""
        *whole, last = data.replace(b"\r\n", b"\n").split(b"\n")
        found = [_last_drawing(line.split(b"\r")) if b"\r" in line else line for line in whole]
        *drawn, rest = last[:-1].split(b"\r")
        rest += last[-1:]
        drawing = _last_drawing(drawn)
        due = bool(drawing) and self._pace.is_due(now)
        return b"\n".join([*found, rest]), drawing if due else b""


def _last_drawing(drawn: list[bytes]) -> bytes:
    """What a terminal shows of them: the last one that is not blank."""
    return next((part for part in reversed(drawn) if part.strip()), b"")
