"""The diagnostics of an autopsy as sections, with the lines of the user's code marked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.quantity import counted
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING: Final = "== "
_MOST_LINES: Final = 400
_MOST_SECTIONS: Final = 30
_JVM_FRAME: Final = re.compile(r"\s*at [\w.$<>/-]+\(|\s*\.\.\. \d+ more\Z")
_PLACE: Final = re.compile(r"(.+):(\d+)")


@dataclass(frozen=True)
class StackLine:
    """One line, and whether it is the user's line that the verdict names."""

    text: str
    marked: bool


@dataclass(frozen=True)
class StackSection:
    """One part of the diagnostics: its title, its lines, and whether the page shows it unfolded."""

    title: str
    lines: tuple[StackLine, ...]
    open: bool


def stacks_of(diagnostics: str, place: str) -> tuple[StackSection, ...]:
    """The sections of ``autopsy.txt``; what stands before the first heading is its summary.

    Args:
        diagnostics: the text; untrusted.
        place: the line that the verdict names, ``file:line, function``; empty if it is not known.
    """
    position = place.partition(",")[0].strip()
    sections = list(_sections(safe_text(diagnostics)))
    shown = tuple(_section(title, lines, position) for title, lines in sections[:_MOST_SECTIONS])
    left = len(sections) - len(shown)
    more = (StackSection(f"{left} further parts stand in autopsy.txt", (), open=False),) if left else ()
    return shown + more


def traceback_of(text: str, place: str) -> StackSection | None:
    """The exception of the job's script; frames of the JVM are counted. None without one.

    Args:
        text: as Python prints it; untrusted.
        place: as in :func:`stacks_of`.
    """
    lines, frames = list[str](), 0
    for line in [*safe_text(text).rstrip("\n").split("\n"), ""]:
        if _JVM_FRAME.match(line):
            frames += 1
            continue
        if frames:
            lines.append(f"    ... {counted(frames, 'frame')} of the JVM")
        lines.append(line)
        frames = 0
    shown = _section("Summary", lines[:-1], _python_frame(place))
    return replace(shown, title="") if text.strip() else None


def _python_frame(place: str) -> str:
    """How a traceback of Python names ``file:line, function``."""
    match = _PLACE.fullmatch(place.partition(",")[0].strip())
    return f'File "{match[1]}", line {match[2]},' if match else ""


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    title, lines = "Summary", list[str]()
    for line in text.split("\n"):
        if line.startswith(_HEADING):
            if any(map(str.strip, lines)):
                yield title, lines
            title, lines = line.removeprefix(_HEADING).strip(" ="), []
        else:
            lines.append(line)
    if any(map(str.strip, lines)):
        yield title, lines


def _section(title: str, lines: list[str], position: str) -> StackSection:
    left = len(lines) - _MOST_LINES
    kept = [*lines[:_MOST_LINES], f"... {left} more lines in autopsy.txt"] if left > 0 else lines
    marked = tuple(StackLine(line, bool(position) and position in line) for line in kept)
    return StackSection(title, marked, open=title == "Summary" or any(line.marked for line in marked))
