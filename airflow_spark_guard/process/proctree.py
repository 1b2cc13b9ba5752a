"""Linux processes: their table, the tree below one, and signals that cannot hit the wrong process."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

_INIT = 1
_REFUSED = (OSError, AttributeError)  # not built in, not allowed in this sandbox, no descriptor left
# Reported in place of processes that cannot be listed.
UNSEEN = "unknown processes: /proc does not show them here"


class Proc(NamedTuple):
    """One process. ``started`` (clock ticks since boot) distinguishes it from a later one with its pid."""

    pid: int
    parent: int
    started: int
    state: str
    command: str

    def __str__(self) -> str:
        return f"{self.pid} {_plain(self.command)}"


def _plain(command: str) -> str:
    """Printable text: a process may name itself anything, also with control characters or log markup."""
    printable = "".join(char if char.isprintable() else "?" for char in command)
    return printable.replace("::", ": :").replace("##[", "# [")


def is_visible() -> bool:
    """Whether ``/proc`` shows this process: if not, an empty table proves nothing."""
    try:
        return os.readlink("/proc/self") == str(os.getpid()) and read(os.getpid()) is not None  # noqa: PTH115
    except OSError:
        return False


def read(pid: int) -> Proc | None:
    """The process with that pid; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - the reaper starts without pathlib
            text = file.read().decode(errors="replace")
    except OSError:
        return None
    # The command may contain spaces and parentheses; after the last one there are only numbers.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    try:
        return Proc(pid, int(fields[1]), int(fields[19]), fields[0], head.partition("(")[2])
    except (IndexError, ValueError):  # some sandboxes write the file differently
        return None


def table() -> dict[int, Proc]:
    """Every visible process, by pid; empty without ``/proc``."""
    try:
        names = os.listdir("/proc")  # noqa: PTH208
    except OSError:
        return {}
    found = (read(int(name)) for name in names if name.isdecimal())
    return {proc.pid: proc for proc in found if proc is not None}


def descendants(root: int, processes: dict[int, Proc]) -> list[Proc]:
    """The processes below ``root``, children before grandchildren; zombies included.

    Raises:
        ValueError: ``root`` is pid 1 or less, which is never ours.
    """
    if root <= _INIT:
        msg = f"refusing to walk the tree below pid {root}"
        raise ValueError(msg)
    return below(root, processes)


def below(root: int, processes: dict[int, Proc]) -> list[Proc]:
    """Like :func:`descendants`, but also for pid 1: for sparing processes, never for ending them."""
    children: dict[int, list[Proc]] = {}
    for proc in processes.values():
        children.setdefault(proc.parent, []).append(proc)
    found, level = [], [root]
    while level:
        next_level = [child for pid in level for child in children.pop(pid, ())]
        found += next_level
        level = [child.pid for child in next_level]
    return found


def ancestors(pid: int, processes: dict[int, Proc]) -> set[int]:
    """The pids of the process itself and of all above it, up to pid 1."""
    found: set[int] = set()
    while pid in processes and pid not in found:
        found.add(pid)
        pid = processes[pid].parent
    return found


def send(proc: Proc, number: int) -> bool:
    """Signal exactly that process; False if it is gone or its pid belongs to another process by now.

    If pidfd is refused, the start time is compared just before the pid is signalled.
    """
    if proc.pid <= _INIT or proc.pid == os.getpid():
        msg = f"refusing to signal pid {proc.pid}"
        raise ValueError(msg)
    try:
        handle = os.pidfd_open(proc.pid)
    except ProcessLookupError:
        return False
    except _REFUSED:
        return _send_to_number(proc, number)
    try:
        # The handle pins the process: only now is a comparison of start times reliable.
        if not _is_still(proc):
            return False
        signal.pidfd_send_signal(handle, signal.Signals(number))
    except ProcessLookupError:
        return False
    except _REFUSED:
        return _send_to_number(proc, number)
    finally:
        os.close(handle)
    return True


def without_pidfd() -> str:
    """Why pidfd does not work here, as the system reports it; empty if it works.

    Kernels before 5.3, some container engines and sandboxes refuse it; a Python may be built without it.
    """
    try:
        handle = os.pidfd_open(os.getpid())
    except _REFUSED as error:
        return _reason(error)
    try:
        signal.pidfd_send_signal(handle, 0)
    except _REFUSED as error:
        return _reason(error)
    finally:
        os.close(handle)
    return ""


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "this Python was built without it"


def _is_still(proc: Proc) -> bool:
    now = read(proc.pid)
    return now is not None and now.started == proc.started and now.state != "Z"


def _send_to_number(proc: Proc, number: int) -> bool:
    if not _is_still(proc):
        return False
    try:
        os.kill(proc.pid, number)
    except OSError:
        return False
    return True
