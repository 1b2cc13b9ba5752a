"""Parses stacks of Python's faulthandler, written on a signal or periodically to an executor's stderr."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread
from airflow_spark_guard.core.stacktraces.waiting import has_users, place_in

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = re.compile(r"Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!")
_THREAD = re.compile(
    r"(?:Current thread|Thread) (0x[0-9a-f]+)(?: \[(?P<name>.*)\])? \(most recent call first\):"
)
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_WORKER = re.compile(r"[/\\]pyspark[/\\](?:worker|daemon)\.py$")
_MOST_LINES = 20_000
_LONGEST = 1000


@dataclass(frozen=True)
class PythonDump:
    """One dump of one process.

    Attributes:
        threads: in the order of the dump; the last one is the main thread.
    """

    threads: tuple[PythonThread, ...]


def parse_dumps(text: str) -> tuple[PythonDump, ...]:
    """The dumps in a text, oldest first.

    Other lines between them are skipped. A dump whose beginning is cut off is left out, because its innermost
    frame is missing. Dumps written by several processes at the same time cannot always be separated; a
    second header of the same thread begins another dump.
    """
    parser = _Parser()
    whole = text[: text.rfind("\n") + 1]  # the last line may not be complete yet
    for line in whole.splitlines()[-_MOST_LINES:]:
        parser.take(line[:_LONGEST])
    return parser.dumps()


def last_dump(dumps: Sequence[PythonDump], tasks: int) -> tuple[PythonThread, ...]:
    """The dump that represents a log: at the line where most of its workers were in their last dumps.

    A dump does not name its process. All workers of an executor dump at the same interval, so the last dumps
    are roughly one of each. Only dumps of Spark's workers count: a script may dump its own stack.

    Args:
        dumps: oldest first.
        tasks: number of running tasks, if known.

    Returns:
        The threads of the newest dump at that line; empty if no dump shows user code.
    """
    telling = [dump.threads for dump in dumps if _is_workers(dump) and any(map(has_users, dump.threads))]
    telling = telling[-max(tasks, 1) :]
    places = Counter(map(place_in, telling))
    return max(reversed(telling), key=lambda threads: places[place_in(threads)], default=())


def _is_workers(dump: PythonDump) -> bool:
    return any(_WORKER.search(frame.file) for thread in dump.threads for frame in thread.frames)


class _Parser:
    def __init__(self) -> None:
        # Each dump: threads by their address, in order, each with its name and frames.
        self._dumps: list[dict[str, tuple[str, list[Frame]]]] = []
        self._frames: list[Frame] | None = None

    def take(self, line: str) -> None:
        if _TIMEOUT.search(line):
            self._dumps.append({})
            self._frames = None
        if head := _THREAD.search(line):
            self._begin(head[1], head["name"] or "")
        elif not line.strip():
            self._frames = None
        elif self._frames is not None and (frame := _FRAME.match(line)):
            number = int(frame["line"]) if frame["line"].isdigit() else 0
            self._frames.append(Frame(frame["file"], number, frame["function"]))

    def _begin(self, address: str, name: str) -> None:
        if not self._dumps or address in self._dumps[-1]:
            self._dumps.append({})
        self._frames = []
        self._dumps[-1][address] = (name, self._frames)

    def dumps(self) -> tuple[PythonDump, ...]:
        return tuple(PythonDump(_threads(list(found.values()))) for found in self._dumps if found)


def _threads(found: list[tuple[str, list[Frame]]]) -> tuple[PythonThread, ...]:
    # The interpreter lists its newest thread first.
    return tuple(
        PythonThread(tuple(frames), main=number == len(found), name=name)
        for number, (name, frames) in enumerate(found, 1)
    )
