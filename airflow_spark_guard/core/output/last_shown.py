"""The last lines of output in the task log, so that they are not shown twice."""

from __future__ import annotations

from collections import deque
from typing import Final

_KEPT: Final = 60


class LastShown:
    """The last lines, in the order in which they were shown."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)

    def add(self, line: str) -> None:
        """Record a line that is shown now."""
        self._lines.append(line.rstrip())

    def has(self, text: str) -> bool:
        """Whether all lines of the text are among them; the mark in a shortened text is not."""
        wanted = {line.rstrip() for line in text.splitlines()} - {""}
        return bool(wanted) and wanted <= set(self._lines)
