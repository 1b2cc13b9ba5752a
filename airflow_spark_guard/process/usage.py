"""What a process has used so far, by ``/proc``: CPU, context switches, bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.process.proctree import Proc

_TICKS = os.sysconf("SC_CLK_TCK")
_PIECE = 32
_MOST_CHILDREN = 64
_NANOSECONDS = 1e9
_N = TypeVar("_N", int, float)


def cpu(pid: int) -> float | None:
    """CPU time so far, seconds; None where it cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        # With its children's that have ended.
        return sum(map(int, fields[11:15])) / _TICKS
    except (OSError, ValueError, IndexError):
        return None


def below(pid: int, table: dict[int, Proc]) -> list[int]:
    """Pids of the processes that it has started, 64 at the most."""
    return [proc.pid for proc in proctree.descendants(pid, table)][:_MOST_CHILDREN]


def is_asleep(pid: int) -> bool:
    """Whether no thread of it runs at this moment."""
    try:
        threads = _threads(pid)
    except OSError:
        return False
    found = [proctree.read(int(thread)) for thread in threads]
    return all(thread is None or thread.state != "R" for thread in found)


def total(figures: Iterable[_N | None]) -> _N | None:
    """Of those that are known; None where the first one, the process itself, is not."""
    first, *more = figures
    return first if first is None else sum((row for row in more if row is not None), first)


def switches(pid: int) -> int | None:
    """Voluntary context switches of all its threads so far; None where they cannot be seen."""
    try:
        threads = _threads(pid)
    except OSError:
        return None
    rows = [counts(f"/proc/{pid}/task/{thread}/status", "voluntary_ctxt_switches:") for thread in threads]
    seen = [row for row in rows if row is not None]
    return sum(seen) if seen else None


def delay(pid: int) -> float | None:
    """Seconds so far in which its threads could run and had no CPU; None where it cannot be seen."""
    try:
        threads = _threads(pid)
        texts = [Path(f"/proc/{pid}/task/{thread}/schedstat").read_text() for thread in threads]
        return sum(int(text.split()[1]) for text in texts) / _NANOSECONDS
    except (OSError, ValueError, IndexError):  # gone, not ours to see, or a kernel that does not count it
        return None


def io(pid: int) -> int | None:
    """Bytes read and written, without those of stack dumps.

    faulthandler writes a dump in pieces of 5 to 16 bytes, rows leave in buffers of kilobytes: every write
    counts 32 bytes less. A hung worker that dumps its stack must not look like one that writes rows.
    """
    moved, writes = (counts(f"/proc/{pid}/io", *names) for names in (("rchar:", "wchar:"), ("syscw:",)))
    return None if moved is None else moved - _PIECE * (writes or 0)


def counts(path: str, *names: str) -> int | None:
    """The sum of the fields of these names in a file of ``/proc``; None where there is no such field."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:  # gone, or not ours to see
        return None
    numbers = [int(line.split()[1]) for line in lines if line.startswith(names)]
    return sum(numbers) if numbers else None


def _threads(pid: int) -> list[str]:
    """Ids of its threads; OSError where they cannot be seen."""
    return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are enough
