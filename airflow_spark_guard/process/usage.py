"""What a process has used so far, from ``/proc``: CPU, context switches, bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_spark_guard.process.proctree import Proc

_TICKS = os.sysconf("SC_CLK_TCK")
_PIECE = 32
_MOST_CHILDREN = 64
_MOST_THREADS = 256
_NANOSECONDS = 1e9
_VOLUNTARY = "voluntary_ctxt_switches:"
_N = TypeVar("_N", int, float)


def cpu(pid: int) -> float | None:
    """CPU time so far, in seconds; None if not readable."""
    try:
        # Includes children that have ended.
        return sum(_times(f"/proc/{pid}/stat")) / _TICKS
    except (OSError, ValueError, IndexError):
        return None


def ended_children(pid: int) -> float:
    """CPU time of its children that have ended, in seconds; 0 if not readable."""
    try:
        return sum(_times(f"/proc/{pid}/stat")[2:]) / _TICKS
    except (OSError, ValueError, IndexError):
        return 0.0


def _times(path: str) -> list[int]:
    """Ticks in user mode and in the system, and the same of children that have ended."""
    fields = Path(path).read_text(errors="replace").rpartition(")")[2].split()
    return [int(fields[at]) for at in range(11, 15)]


class ThreadUse(NamedTuple):
    """What one thread has used so far: CPU seconds, voluntary switches, bytes as :func:`io` counts them."""

    cpu: float
    switches: int
    io: int


def of_threads(pid: int) -> dict[int, ThreadUse]:
    """Figures by thread id, without threads that cannot be read; empty for more than 256 threads."""
    try:
        threads = _threads(pid)
    except OSError:
        return {}
    rows = {int(thread): _of_thread(f"/proc/{pid}/task/{thread}") for thread in threads[: _MOST_THREADS + 1]}
    return {thread: row for thread, row in rows.items() if row} if len(rows) <= _MOST_THREADS else {}


def _of_thread(folder: str) -> ThreadUse | None:
    try:
        cpu = sum(_times(f"{folder}/stat")[:2]) / _TICKS
    except (OSError, ValueError, IndexError):
        return None
    switches, moved = counts(f"{folder}/status", _VOLUNTARY), _bytes(f"{folder}/io")
    return None if switches is None or moved is None else ThreadUse(cpu, switches, moved)


def below(pid: int, table: dict[int, Proc]) -> list[int]:
    """Pids of the processes below it, at most 64."""
    return [proc.pid for proc in proctree.descendants(pid, table)][:_MOST_CHILDREN]


def is_asleep(pid: int) -> bool:
    """Whether none of its threads is running at this moment."""
    try:
        threads = _threads(pid)
    except OSError:
        return False
    found = [proctree.read(int(thread)) for thread in threads]
    return all(thread is None or thread.state != "R" for thread in found)


def total(figures: Iterable[_N | None]) -> _N | None:
    """The sum of the known figures; None if the first one, of the process itself, is unknown."""
    first, *more = figures
    return first if first is None else sum((row for row in more if row is not None), first)


def switches(pid: int, only: Collection[int] = ()) -> int | None:
    """Voluntary context switches of all its threads so far, or of some of them; None if not readable."""
    try:
        threads = only or _threads(pid)
    except OSError:
        return None
    rows = [counts(f"/proc/{pid}/task/{thread}/status", _VOLUNTARY) for thread in threads]
    seen = [row for row in rows if row is not None]
    return sum(seen) if seen else None


def delay(pid: int) -> float | None:
    """Seconds so far in which its threads were runnable but had no CPU; None if not readable."""
    try:
        threads = _threads(pid)
        texts = [Path(f"/proc/{pid}/task/{thread}/schedstat").read_text() for thread in threads]
        return sum(int(text.split()[1]) for text in texts) / _NANOSECONDS
    except (OSError, ValueError, IndexError):  # gone, another user's, or a kernel that does not count it
        return None


def io(pid: int) -> int | None:
    """Bytes read and written, without stack dumps; None if not readable.

    faulthandler writes a dump in pieces of 5 to 16 bytes, while rows are written in buffers of kilobytes:
    32 bytes are subtracted per write, so that a hung worker that dumps its stack does not seem to write rows.
    """
    return _bytes(f"/proc/{pid}/io")


def _bytes(path: str) -> int | None:
    moved, writes = (counts(path, *names) for names in (("rchar:", "wchar:"), ("syscw:",)))
    return None if moved is None else moved - _PIECE * (writes or 0)


def counts(path: str, *names: str) -> int | None:
    """The sum of the fields with these names in a file of ``/proc``; None if it has no such field."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:  # gone, or another user's
        return None
    numbers = [int(line.split()[1]) for line in lines if line.startswith(names)]
    return sum(numbers) if numbers else None


def _threads(pid: int) -> list[str]:
    """Ids of its threads; raises OSError if not readable."""
    return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are enough
