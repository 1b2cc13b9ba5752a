"""A compact traceback: the user's frames and the last line of each exception, without JVM stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from airflow_spark_guard.core.failure.failure_text import NOT_THE_USERS, TRACEBACK

_MOST_LINES = 40
_FIRST_LINES = 15
_MESSAGE_LINES = 12
_LONGEST_LINE = 500
# Of a traceback, and of a dump by faulthandler, which has no comma.
_FRAME = re.compile(r'  File "(.{1,1000})", line \d{1,9}(?:,? in .*)?$')
_JVM = re.compile(
    r"\s*at [\w.$/<>]+[(.]|\s*\.\.\. \d+ more$|Driver stacktrace:|\s*Suppressed: |JVM stacktrace:"
)


@dataclass
class _Part:
    """One traceback of a chain: frames, and the exception below them."""

    frames: list[tuple[bool, list[str]]] = field(default_factory=list)
    message: list[str] = field(default_factory=list)
    left_out: int = 0

    def lines(self) -> tuple[list[str], int]:
        """The lines to show, and how many frames are left out."""
        own = [lines for users, lines in self.frames if users] or [lines for _, lines in self.frames[-1:]]
        head = [TRACEBACK] if self.frames else []
        message = [line for line in self.message if not _JVM.match(line)]
        if self.frames and len(message) > _MESSAGE_LINES:
            message = [*message[:_MESSAGE_LINES], f"... {len(message) - _MESSAGE_LINES} more lines ..."]
        left = self.left_out + len(self.frames) - len(own) + sum(map(bool, map(_JVM.match, self.message)))
        return [*head, *(line for lines in own for line in lines), *message], left


def compact(text: str) -> str:
    """The traceback to show in the exception: at most 40 lines.

    The job's output, and so the task log and the record, have the whole traceback. Other texts are only
    shortened.
    """
    lines = text.splitlines()
    parts = _parts(lines)
    shown, left = [], 0
    for part in parts:
        kept, gone = part.lines()
        shown += kept
        left += gone
    shown = [line[:_LONGEST_LINE] for line in shown]
    if len(shown) > _MOST_LINES:
        more = len(shown) - _MOST_LINES + 1
        shown = [*shown[:_FIRST_LINES], f"... {more} lines ...", *shown[_FIRST_LINES + more :]]
    if left:
        shown.append(f"({left} frames of Spark, libraries and the JVM left out: see the job's output.)")
    return "\n".join(shown)


def _parts(lines: list[str]) -> list[_Part]:
    parts = [_Part()]
    for line in lines:
        part = parts[-1]
        if line == TRACEBACK:
            parts.append(_Part())
        elif found := _FRAME.match(line):
            _add_frame(part, line, users=NOT_THE_USERS.search(found[1]) is None)
        elif part.frames and not part.message and line.startswith("    "):
            part.frames[-1][1].append(line)
        else:
            part.message.append(line)
    return [part for part in parts if part.frames or part.message]


def _add_frame(part: _Part, line: str, *, users: bool) -> None:
    """Add a frame; below a message it is part of the message: the dump of a crashed worker."""
    if not part.message:
        part.frames.append((users, [line]))
    elif users:
        part.message.append(line)
    else:
        part.left_out += 1
