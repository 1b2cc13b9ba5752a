"""System calls that move bytes, by machine, and the descriptors whose bytes count."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import NamedTuple

ENTRY, EXIT = 1, 2
_STANDARD = frozenset((0, 1, 2))

# Name: number on x86_64, on aarch64, and which arguments are descriptors.
_CALLS = {
    "read": (0, 63, (0,)),
    "write": (1, 64, (0,)),
    "pread64": (17, 67, (0,)),
    "pwrite64": (18, 68, (0,)),
    "readv": (19, 65, (0,)),
    "writev": (20, 66, (0,)),
    "sendfile": (40, 71, (0, 1)),
    "connect": (42, 203, (0,)),
    "sendto": (44, 206, (0,)),
    "recvfrom": (45, 207, (0,)),
    "sendmsg": (46, 211, (0,)),
    "recvmsg": (47, 212, (0,)),
    "splice": (275, 76, (0, 2)),
    "tee": (276, 77, (0, 1)),
    "vmsplice": (278, 75, (0,)),
    "preadv": (295, 69, (0,)),
    "pwritev": (296, 70, (0,)),
    "recvmmsg": (299, 243, (0,)),
    "sendmmsg": (307, 269, (0,)),
    "copy_file_range": (326, 285, (0, 2)),
    "preadv2": (327, 286, (0,)),
    "pwritev2": (328, 287, (0,)),
    "io_uring_enter": (426, 426, (0,)),
}
# Calls that return a number of messages or of requests: a full packet each, and a large buffer.
_UNITS = {"recvmmsg": 1500, "sendmmsg": 1500, "io_uring_enter": 1 << 16}
# Wake-ups and timers of the process itself, and reads of this machine's state.
_NO_TRAFFIC = (
    "anon_inode:[eventfd]",
    "anon_inode:[timerfd]",
    "anon_inode:[signalfd]",
    "/dev/null",
    "/proc/",
    "/sys/",
)


class Table(NamedTuple):
    """The calls of a machine: its ``AUDIT_ARCH_*``, and name and descriptor arguments by number."""

    machine: int
    calls: dict[int, tuple[str, tuple[int, ...]]]


class Call(NamedTuple):
    """A call of the table that a thread has entered, with its descriptors."""

    name: str
    descriptors: tuple[int, ...]


_TABLES = {
    "x86_64": Table(0xC000003E, {row[0]: (name, row[2]) for name, row in _CALLS.items()}),
    "aarch64": Table(0xC00000B7, {row[1]: (name, row[2]) for name, row in _CALLS.items()}),
}


def table(machine: str) -> Table | None:
    """The table of a machine (``os.uname().machine``); None for an unsupported one."""
    return _TABLES.get(machine)


def entered(known: Table, number: int, arguments: tuple[int, ...]) -> Call | None:
    """The call; None if it does not move bytes."""
    row = known.calls.get(number)
    if row is None:
        return None
    # A descriptor is an int: the upper half of the register is undefined.
    return Call(row[0], tuple(arguments[at] & 0xFFFFFFFF for at in row[1]))


def size(call: Call, result: int) -> int:
    """About how many bytes a call that returned ``result`` has moved; too many rather than too few."""
    return max(result, 0) * _UNITS.get(call.name, 1)


class Descriptors:
    """The descriptors of one process.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._own_pipes: dict[str, bool] = {}

    def moves(self, call: Call, result: int) -> bool:
        """Whether the call, which returned ``result``, moved bytes to or from something outside the process.

        Standard input, output and error do not count: a loop that prints that it is still waiting makes no
        progress. Nor do wake-ups between threads of the process. A ``connect()`` to the network counts even
        if it fails: a loop that waits for a service to come up polls it, although it moves no byte.
        """
        if result <= 0 and call.name != "connect":
            return False
        return all(self._counts(descriptor, call, result) for descriptor in call.descriptors)

    def _counts(self, descriptor: int, call: Call, result: int) -> bool:
        if descriptor in _STANDARD:
            return False
        try:
            target = os.readlink(f"/proc/{self._pid}/fd/{descriptor}")  # noqa: PTH115 - starts without pathlib
        except OSError:  # closed by another thread meanwhile
            return True
        if target.startswith(_NO_TRAFFIC):
            return False
        if call.name == "connect":
            return not self._is_local_socket(target)
        if target.startswith("pipe:"):
            return not self._is_own_pipe(target)
        # An event loop wakes itself with one byte through a socketpair.
        return result > 1 or not self._is_local_socket(target)

    def _is_local_socket(self, target: str) -> bool:
        """Whether it is a Unix socket."""
        inode = target.removeprefix("socket:[").rstrip("]")
        try:
            with open(f"/proc/{self._pid}/net/unix") as file:  # noqa: PTH123
                return any(line.split()[6:7] == [inode] for line in file)
        except OSError:
            return False

    def _is_own_pipe(self, target: str) -> bool:
        """Whether the process holds both ends and no other process holds either."""
        if target not in self._own_pipes:
            both = _ends(self._pid, target) == stat.S_IRUSR | stat.S_IWUSR
            others = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
            self._own_pipes[target] = both and not any(
                _ends(pid, target) for pid in others if pid != self._pid
            )
        return self._own_pipes[target]


def _ends(pid: int, target: str) -> int:
    """Which ends of the pipe a process holds: S_IRUSR, S_IWUSR, both, or 0."""
    folder, found = f"/proc/{pid}/fd", 0
    with contextlib.suppress(OSError):  # gone, or another user's: then it is not related to the process
        for name in os.listdir(folder):  # noqa: PTH208
            path = f"{folder}/{name}"
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.readlink(path) == target:  # noqa: PTH115
                    found |= os.lstat(path).st_mode & (stat.S_IRUSR | stat.S_IWUSR)
    return found
