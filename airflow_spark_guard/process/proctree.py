"""Linux processes: a table of them, the tree below one, and signals that cannot hit the wrong one."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import NamedTuple

_INIT = 1


class Proc(NamedTuple):
    """One process. ``started`` (clock ticks since boot) tells a reused pid from the one that was meant."""

    pid: int
    parent: int
    started: int
    state: str
    command: str

    def __str__(self) -> str:
        return f"{self.pid} {self.command}"


def read(pid: int) -> Proc | None:
    """The process of that pid, or None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - the reaper starts without pathlib
            text = file.read().decode(errors="replace")
    except OSError:
        return None
    # The command may hold blanks and parentheses; what follows the last one is made of numbers.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Proc(pid, int(fields[1]), int(fields[19]), fields[0], head.partition("(")[2])


def table() -> dict[int, Proc]:
    """Every process that can be seen, by pid."""
    found = (read(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return {proc.pid: proc for proc in found if proc is not None}


def descendants(root: int, processes: dict[int, Proc]) -> list[Proc]:
    """The processes below ``root``, children before grandchildren; zombies included.

    Raises:
        ValueError: the root is no process of ours to walk: pid 1, or below.
    """
    if root <= _INIT:
        msg = f"refusing to walk the tree below pid {root}"
        raise ValueError(msg)
    children: dict[int, list[Proc]] = {}
    for proc in processes.values():
        children.setdefault(proc.parent, []).append(proc)
    found, level = [], [root]
    while level:
        below = [child for pid in level for child in children.get(pid, ())]
        found += below
        level = [child.pid for child in below]
    return found


def ancestors(pid: int, processes: dict[int, Proc]) -> set[int]:
    """The pids above a process, pid 1 included where it is one of them."""
    found: set[int] = set()
    while pid in processes and pid not in found:
        found.add(pid)
        pid = processes[pid].parent
    return found


def send(proc: Proc, number: int) -> bool:
    """Signal exactly that process; False when it is gone, or when its pid is another process by now."""
    if proc.pid <= _INIT or proc.pid == os.getpid():
        msg = f"refusing to signal pid {proc.pid}"
        raise ValueError(msg)
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(proc.pid)
        try:
            # The handle pins the process; only now does a comparison of start times mean something.
            now = read(proc.pid)
            if now is not None and now.started == proc.started and now.state != "Z":
                signal.pidfd_send_signal(handle, signal.Signals(number))
                return True
        finally:
            os.close(handle)
    return False
