"""The last lines of output that the task log shows: what stands among them need not be shown again."""

from __future__ import annotations

from collections import deque
from typing import Final

_KEPT: Final = 60


class LastShown:
    """The last lines; add them in the order in which they are shown."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)

    def add(self, line: str) -> None:
        """A line that is shown now."""
        self._lines.append(line.rstrip())

    def has(self, text: str) -> bool:
        """Whether each line of the text is one of them; a text that was shortened has a line of its own."""
        wanted = {line.rstrip() for line in text.splitlines()} - {""}
        return bool(wanted) and wanted <= set(self._lines)
