"""Progress bars: a line that is drawn again and again, each time from its beginning."""

from __future__ import annotations

_EVERY = 10.0


class Drawings:
    """Makes lines of what carriage returns draw: the last drawing of each, and one in 10 s meanwhile."""

    def __init__(self) -> None:
        self._drawn_at = float("-inf")

    def lines(self, data: bytes, now: float) -> bytes:
        """The same output with newlines alone; a return at its end may still become one, and stays."""
        if b"\r" not in data:
            return data
        *whole, last = data.replace(b"\r\n", b"\n").split(b"\n")
        found = [_last_drawing(line.split(b"\r")) if b"\r" in line else line for line in whole]
        *drawn, rest = last[:-1].split(b"\r")
        rest += last[-1:]
        drawing = _last_drawing(drawn)
        if drawing and now - self._drawn_at >= _EVERY:
            self._drawn_at = now
            found.append(drawing)
        return b"\n".join([*found, rest])


def _last_drawing(drawn: list[bytes]) -> bytes:
    """What a terminal shows of them: the last one that is not blank."""
    return next((part for part in reversed(drawn) if part.strip()), b"")
