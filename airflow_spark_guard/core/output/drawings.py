"""Progress bars: lines that are redrawn with carriage returns."""

from __future__ import annotations

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.output.pace import Pace

_EVERY = 10.0


class Drawings:
    """Turns redrawn lines into plain ones: the last drawing of each, and meanwhile one every 10 s."""

    def __init__(self) -> None:
        self._pace = Pace(_EVERY)

    def lines(self, data: bytes, now: MonotonicTime) -> tuple[bytes, bytes]:
        """The output with newlines only, and a drawing to show meanwhile, or empty.

        A carriage return at the end may still become a newline, and is kept.
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
    """The drawing that a terminal would show: the last one that is not blank."""
    return next((part for part in reversed(drawn) if part.strip()), b"")
