"""Finds out whether a process moves bytes, by following its system calls with ptrace for some seconds.

Started as ``python -I -S syscall_trace.py SECONDS PID:STARTED...``, in a session of its own; standard
library only. Prints one JSON object per line as soon as a process is decided,
``{"key": "12:3456", "answer": "moved", "seconds": 0.4, "calls": 7, "own_calls": 7, "trickle": 0}``: ``moved``
(at least one byte), ``still`` (no byte until the end) or ``unknown`` (not permitted, gone, too busy to be
followed), and how many calls it made meanwhile.

``PID:STARTED:MOST:THREAD,THREAD...`` names background threads. Their calls are not ``own_calls``, and the
bytes that they move are counted in ``trickle``: they are ``moved`` only from MOST bytes on. What a background
thread starts is a background thread too.

Each process is followed by a fork of this script, which releases it by exiting: the kernel resumes stopped
threads, and does not wake a thread that sleeps in a system call.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import struct
import sys
import time

if __name__ == "__main__":
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path.append(os.path.dirname(package))  # noqa: PTH120

from airflow_spark_guard.process import proctree, syscalls

_CONT, _SYSCALL, _MESSAGE, _SEIZE, _INTERRUPT, _LISTEN, _INFO = 7, 24, 0x4201, 0x4206, 0x4207, 0x4208, 0x420E
# Without TRACESYSGOOD a thread whose tracer dies at the wrong moment would get a SIGTRAP.
_OPTIONS = 1 | 1 << 3  # TRACESYSGOOD, TRACECLONE
_AT_SYSCALL = signal.SIGTRAP | 0x80
_EVENT_CLONE, _EVENT_STOP = 3, 128
_GROUP_STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_WALL = 0x40000000
_ENDINGS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_POLL = 0.5
_MOST_CALLS = 250  # a second; following more would slow the process

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_info = ctypes.create_string_buffer(88)


def main(arguments: list[str]) -> int:
    """Follow every process until the time is up, a signal comes, or the process that started us ends."""
    parent, own = os.getppid(), os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_ENDINGS})
    followers = set()
    for key in arguments[1:]:
        follower = os.fork()
        if not follower:
            return _follow(key, float(arguments[0]), own)
        followers.add(follower)
    while followers:
        ended = _next_signal(_POLL) in _ENDINGS
        # A parent that forks duplicates the end of the pipe, so the parent pid is checked as well.
        if ended or os.getppid() != parent or select.select([0], [], [], 0)[0]:
            for follower in followers:
                os.kill(follower, signal.SIGTERM)
        while followers and (pid := os.waitpid(-1, os.WNOHANG)[0]):
            followers.discard(pid)
    return 0


def _next_signal(seconds: float) -> int:
    found = signal.sigtimedwait({signal.SIGCHLD, *_ENDINGS}, max(seconds, 0.0))
    return 0 if found is None else found.si_signo


def _follow(key: str, seconds: float, script: int) -> int:
    """Follow one process and write the answer."""
    _libc.prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != script:
        return 1
    pid, started, most, background = [*key.split(":"), "0", ""][:4]
    threads = frozenset(int(name) for name in background.split(",") if name)
    tracer = Tracer(int(pid), int(started), int(most), threads)
    watched = tracer.follow(seconds)
    row = {
        "key": f"{pid}:{started}",
        "answer": tracer.answer,
        "seconds": round(watched, 3),
        "calls": tracer.count,
        "own_calls": tracer.own_count,
        "trickle": tracer.trickle,
    }
    line = json.dumps(row)
    with contextlib.suppress(OSError):
        os.write(1, line.encode() + b"\n")
    return 0


def _ptrace(request: int, thread: int, address: int, data: int) -> None:
    if _libc.ptrace(request, thread, address, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Tracer:
    """Follows all threads of the process with that pid and start time.

    ``answer`` is empty until decided; ``count`` is the number of system calls so far, ``own_count`` without
    those of background threads, ``trickle`` the bytes that these have moved.
    """

    def __init__(
        self, pid: int, started: int, most: int = 0, background: frozenset[int] = frozenset()
    ) -> None:
        self.answer, self.count, self._begin = "", 0, 0.0
        self.own_count = self.trickle = 0
        self._most, self._background = most, set(background)
        self._pid, self._started = pid, started
        self._calls: dict[int, syscalls.Call | None] = {}
        self._seen: set[int] = set()
        self._table = syscalls.table(os.uname().machine)
        self._descriptors = syscalls.Descriptors(pid)

    def follow(self, seconds: float) -> float:
        """Follow it until it is decided; return the seconds that took."""
        try:
            self._attach()
        except OSError:
            self.answer = "unknown"
        self._begin = time.monotonic()
        # An attached process keeps its pid: only now is a comparison of start times reliable.
        now = proctree.read(self._pid)
        if not self._table or now is None or now.started != self._started:
            self.answer = "unknown"
        while not self.answer:
            self._drain()
            left = self._begin + seconds - time.monotonic()
            if not self.answer and (left <= 0 or _next_signal(min(left, _POLL)) in _ENDINGS):
                # A thread that never stopped, because it waits for a disk, was not followed.
                self.answer = "still" if self._calls and self._seen >= self._calls.keys() else "unknown"
        return time.monotonic() - self._begin

    def _attach(self) -> None:
        folder, tried = f"/proc/{self._pid}/task", set[int]()
        while new := {int(name) for name in os.listdir(folder)} - tried:  # noqa: PTH208
            tried |= new
            for thread in new:
                try:
                    _ptrace(_SEIZE, thread, 0, _OPTIONS)
                    self._calls[thread] = None
                    _ptrace(_INTERRUPT, thread, 0, 0)
                except ProcessLookupError:  # a thread that has just ended
                    continue
                except PermissionError:
                    # A thread that started after its parent was seized is ours already.
                    if not _is_ours(thread):
                        raise

    def _drain(self) -> None:
        """Handle every pending stop. One that waitpid has returned must be handled, or a signal is lost."""
        while not self.answer:
            try:
                thread, status = os.waitpid(-1, os.WNOHANG | _WALL)
            except ChildProcessError:
                self.answer = "unknown"
                return
            if not thread:
                return
            if os.WIFSTOPPED(status):
                self._stopped(thread, os.WSTOPSIG(status), status >> 16)
            else:
                self._calls.pop(thread, None)

    def _stopped(self, thread: int, number: int, event: int) -> None:
        self._seen.add(thread)
        self._calls.setdefault(thread, None)
        if number == _AT_SYSCALL:
            self._at_syscall(thread)
        elif event == _EVENT_CLONE and thread in self._background:
            self._starts_another(thread)
        request = _CONT if self.answer else _SYSCALL
        if event == _EVENT_STOP and number in _GROUP_STOPS:
            request = _LISTEN  # stopped by another process's SIGSTOP, and must stay stopped
        delivered = 0 if event or number == _AT_SYSCALL else number
        with contextlib.suppress(ProcessLookupError):
            _ptrace(request, thread, 0, delivered)

    def _starts_another(self, thread: int) -> None:
        """A timer of a library runs each time in a new thread."""
        message = ctypes.c_ulong()
        with contextlib.suppress(OSError):
            _ptrace(_MESSAGE, thread, 0, ctypes.addressof(message))
            self._background.add(message.value)

    def _moved(self, thread: int, number: int) -> None:
        self.trickle += number if thread in self._background else 0
        if thread not in self._background or self.trickle >= self._most:
            self.answer = "moved"

    def _at_syscall(self, thread: int) -> None:
        try:
            _ptrace(_INFO, thread, len(_info), ctypes.addressof(_info))
        except OSError as error:
            # ESRCH: killed just now; else a Linux before 5.3, which lacks this request.
            self.answer = "" if error.errno == errno.ESRCH else "unknown"
            return
        step, machine, number, *arguments = struct.unpack_from("<B3xI16xQ6Q", _info)
        if step == syscalls.EXIT:
            call, result = self._calls[thread], struct.unpack_from("<q", _info, 24)[0]
            self._calls[thread] = None
            if call and self._descriptors.moves(call, result):
                self._moved(thread, syscalls.size(call, result))
            return
        self.count += 1
        self.own_count += thread not in self._background
        busy = self.count > _MOST_CALLS * (1 + time.monotonic() - self._begin)
        if busy or self._table is None or machine != self._table.machine:
            self.answer = "unknown"
            return
        self._calls[thread] = syscalls.entered(self._table, number, tuple(arguments))


def _is_ours(thread: int) -> bool:
    try:
        with open(f"/proc/{thread}/status") as file:  # noqa: PTH123 - starts without pathlib
            return f"TracerPid:\t{os.getpid()}\n" in file
    except OSError:
        return True  # gone


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
