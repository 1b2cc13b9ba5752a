"""Closer looks of an autopsy, for stacks that leave it open which line hangs."""

from __future__ import annotations

import re
import stat
import time
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.moved import moved
from airflow_spark_guard.core.stacktraces.python_stack import is_users
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.process_samples import ProcessSampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread
    from airflow_spark_guard.process.leftovers import Tag

_WHILE = re.compile(r"\s*while\b")
_LONGEST_LOOP = 30
_SLEEP = re.compile(r"\bsleep\s*\(")
_LARGEST_SOURCE = 4 << 20
_MOST_CHILDREN = 4
_LONGEST_COMMAND = 4096
# Processes that multiprocessing starts for itself.
_SERVANTS = re.compile(rb"resource_tracker|semaphore_tracker|forkserver|pyspark[./]daemon")
_BETWEEN = 1.0


def with_naps(threads: Iterable[PythonThread]) -> tuple[PythonThread, ...]:
    """Set ``naps`` on threads whose innermost line calls ``sleep``, if the source is on this host."""
    return tuple(replace(thread, naps=_naps(thread.frames[:1])) for thread in threads)


def _naps(innermost: tuple[Frame, ...]) -> bool:
    return any(is_users(frame) and sleeps(_source(frame)) for frame in innermost)


def sleeps(lines: Sequence[str]) -> bool:
    """Whether the first line calls ``sleep``, or begins a ``while`` whose body does."""
    head = lines[0] if lines else ""
    if not _WHILE.match(head):
        return _SLEEP.search(head) is not None
    depth = _depth(head)
    rest = (line for line in lines[1:] if line.strip())
    return any(map(_SLEEP.search, (head, *takewhile(lambda line: _depth(line) > depth, rest))))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _source(frame: Frame) -> list[str]:
    """The frame's line of source and some below it. The job chooses the file: only a regular one is read."""
    path = Path(frame.file)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_SOURCE:
            return []
        lines = path.read_text(errors="replace").splitlines()
    except (OSError, ValueError):
        return []
    return lines[frame.line - 1 :][:_LONGEST_LOOP] if frame.line > 0 else []


def pythons_below(proc: proctree.Proc) -> list[proctree.Proc]:
    """Python processes that this one has started, at most 4, without multiprocessing's own servers."""
    if not _has_children(proc.pid):
        return []  # the common case, without a pass over the process table
    below = proctree.descendants(proc.pid, proctree.table())
    pythons = [child for child in below if child.state != "Z" and child.command.startswith("py")]
    return [child for child in pythons if not _SERVANTS.search(_command(child.pid))][:_MOST_CHILDREN]


def _has_children(pid: int) -> bool:
    """Whether it has any; True if the kernel does not report them."""
    try:
        return any(file.read_text().strip() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return True


def _command(pid: int) -> bytes:
    try:
        with Path(f"/proc/{pid}/cmdline").open("rb") as file:
            return file.read(_LONGEST_COMMAND)
    except OSError:
        return b""


def who_moved(tag: Tag) -> dict[str, bool]:
    """Whether each process of the attempt on this host moved within a second, by the key of its reading."""
    looker = ProcessSampler(tag)
    before = looker.look(stacks=False)
    time.sleep(_BETWEEN)
    return moved(before, looker.look(stacks=False))
