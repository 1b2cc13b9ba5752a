"""The writing end of the wire protocol: JSON lines appended to the attempt's channel file.

``{"v": 1, "kind": ..., "t": seconds since the epoch, ...}``. The reading end is ``core/protocol.py``; golden
messages in ``tests/data/golden/`` keep the two in step. A file, not a socket: nothing is lost when either
side dies, and no thread has to answer.

A job may report in its innermost loop, so metrics and results have a rate limit: beyond it only the newest is
kept. It is written with a later message of the same process, at the latest before the closing one or when
the process exits.

Each ``instrument`` message is about another thing, so that the newest cannot stand for the others: those over
the rate limit are dropped, and the next one written has their number (``skipped``). Those with a warning have
a limit of their own, which a job that measures every step cannot use up.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import threading
import time
from typing import Any, Literal, TypeAlias

from airflow_spark_guard.job.pace import Pace

Kind: TypeAlias = Literal["hello", "progress", "metric", "instrument", "warning", "result", "error", "bye"]
What: TypeAlias = Literal["closure", "frame", "checkpoint", "broadcast", "stage"]
"""What an ``instrument`` message is about; ``core/protocol.py`` has the fields of its ``values``."""
CHANNEL_ENV = "SPARK_GUARD_CHANNEL"
RESULT_SIZE_ENV = "SPARK_GUARD_RESULT_SIZE"
VERBOSITY_ENV = "SPARK_GUARD_VERBOSITY"
PROTOCOL_VERSION = 1
# The reader refuses longer lines: a job's output is untrusted.
MAX_LINE = 1 << 20
# For each kind: messages at once, then messages per second.
PACES: dict[Kind, tuple[int, float]] = {"metric": (10_000, 10.0), "result": (100, 1.0)}
# The same for measurements of the instruments, without and with a warning.
MEASURED, WARNED = (2_000, 20.0), (500, 5.0)
# An attempt cannot succeed without these; any other message that cannot be written is left out.
_NEEDED: frozenset[Kind] = frozenset({"result", "bye"})
# Messages after these come from threads that are still running; each may be the last of the process.
_LAST: frozenset[Kind] = frozenset({"error", "bye"})
_STDERR = 2


def encode(kind: Kind, fields: dict[str, Any], now: float) -> bytes:
    """One message as a line, with its newline.

    Raises:
        TypeError: a field is not JSON.
        ValueError: a field holds NaN or infinity, or the line is longer than ``MAX_LINE`` bytes.
    """
    message = {"v": PROTOCOL_VERSION, "kind": kind, "t": round(now, 3), **fields}
    line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_LINE:
        msg = f"a {kind} message of {len(line)} bytes is longer than {MAX_LINE}"
        raise ValueError(msg)
    return line


class Channel:
    """The channel of the attempt. Each message is one atomic append, from any thread or forked child.

    Args:
        path: the attempt's channel file. None outside a guarded attempt: messages are checked and dropped.

    Attributes:
        is_open: whether messages are written.
    """

    def __init__(self, path: str | None) -> None:
        self._path, self._fd = path, -1
        self.is_open = path is not None
        self._lost, self._has_complained = 0, False
        self._is_ending = False  # a delayed message may have no later one to go with
        self._identity = (0, 0)  # device and inode of the file that was opened
        self.start_anew()

    def start_anew(self) -> None:
        """For a forked child: a thread of the parent may hold the lock, and delayed messages belong to it.

        The rate limit starts again as well: the parent may have used up its own.
        """
        self._lock = threading.RLock()
        self._waiting: dict[Kind, tuple[dict[str, Any], float, int]] = {}
        self._paces = {kind: Pace(*pace) for kind, pace in PACES.items()}
        self._measured, self._warned, self._dropped = Pace(*MEASURED), Pace(*WARNED), 0
        self._will_flush = False

    def flush(self) -> None:
        """Write delayed messages, because the process exits."""
        with self._lock:
            self._is_ending = True
            self._flush_all(urgent=True)

    def send(self, kind: Kind, **fields: Any) -> None:
        """Append one message, or delay it if its kind is over the rate limit; see :func:`encode` for errors.

        Raises:
            OSError: a result or a closing message cannot be written. Any other message is then left out, with
                one warning on the driver's standard error.
        """
        now = time.time()
        line = encode(kind, fields, now)
        if not self.is_open:
            return
        with self._lock:
            if kind == "instrument":
                self._measure(fields, now)
            elif kind not in self._paces:
                self._is_ending = self._is_ending or kind in _LAST
                self._flush_all(urgent=kind in _LAST)
                self._write(kind, line)
            elif kind not in self._waiting and self._paces[kind].take():
                self._write(kind, line)
            else:
                self._wait(kind, fields, now)

    def _measure(self, fields: dict[str, Any], now: float) -> None:
        """Write a measurement with the number of those dropped before it, or drop it."""
        pace = self._warned if fields.get("warning") else self._measured
        if not pace.take():
            self._dropped += 1
            return
        more = {"skipped": self._dropped} if self._dropped else {}
        self._dropped = 0
        with contextlib.suppress(ValueError):  # too long with the number of those left out
            self._write("instrument", encode("instrument", {**fields, **more}, now))

    def _report_dropped(self) -> None:
        """The number of those dropped after the last measurement."""
        if self._dropped:
            text = (
                f"{self._dropped} measurements of the job's instruments were left out (limit: "
                f"{MEASURED[0]:,} at once, then {MEASURED[1]:g} per second)."
            )
            self._dropped = 0
            self._write("warning", encode("warning", {"text": text}, time.time()))

    def _wait(self, kind: Kind, fields: dict[str, Any], now: float) -> None:
        """The newest message replaces a delayed one; at the end results are not delayed."""
        skipped = self._waiting[kind][2] + 1 if kind in self._waiting else 0
        self._waiting[kind] = (fields, now, skipped)
        self._flush(kind, urgent=self._is_ending and kind in _NEEDED)
        if not self._will_flush and "multiprocessing.util" in sys.modules:
            # A forked process of multiprocessing runs these at its end, but no atexit handlers.
            self._will_flush = True
            sys.modules["multiprocessing.util"].Finalize(None, self.flush, exitpriority=0)

    def _flush_all(self, *, urgent: bool) -> None:
        if urgent:
            self._report_dropped()
        for kind in list(self._waiting):
            self._flush(kind, urgent=urgent)

    def _flush(self, kind: Kind, *, urgent: bool = False) -> None:
        """Write a delayed message, if the rate limit allows it or it is urgent."""
        if not (self._paces[kind].take() or urgent):
            return
        # Empty if a signal handler has sent it in between.
        fields, then, skipped = self._waiting.pop(kind, ({}, 0.0, 0))
        more = {"skipped": skipped} if skipped and kind == "metric" else {}
        if fields:
            with contextlib.suppress(ValueError):  # too long with the number of those left out
                self._write(kind, encode(kind, {**fields, **more}, then))

    def _write(self, kind: Kind, line: bytes) -> None:
        try:
            if self._lost and kind not in _NEEDED:
                text = f"{self._lost} messages of the job could not be written to the attempt's channel."
                self._append(encode("warning", {"text": text}, time.time()))
                self._lost = 0
            self._append(line)
        except OSError as error:
            if kind in _NEEDED:
                what = f"The {kind} message could not be written to the attempt's channel: {error.strerror}"
                raise OSError(error.errno, what, self._path) from error
            self._leave_out(error)

    def _append(self, line: bytes) -> None:
        # On a full disk another process may have left a partial line: begin on a new line.
        data = b"\n" + line if self._size() else line
        while data:
            data = data[os.write(self._fd, data) :]

    def _size(self) -> int:
        """Size of the file. Opens it first, and again if the job has closed it (``os.closerange``).

        The number of a closed descriptor may belong to one of the job's files by now.
        """
        with contextlib.suppress(OSError):
            found = os.fstat(self._fd)
            if (found.st_dev, found.st_ino) == self._identity:
                return found.st_size
        # If this fails, each message fails, as on a full disk.
        self._fd = os.open(self._path or "", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        found = os.fstat(self._fd)
        self._identity = (found.st_dev, found.st_ino)
        return found.st_size

    def _leave_out(self, error: OSError) -> None:
        self._lost += 1
        if self._has_complained:
            return
        self._has_complained = True
        write_to_stderr(
            f"spark-guard: The attempt's channel {self._path} cannot be written: {error.strerror}. The job "
            "continues; its metrics and heartbeats are left out until the channel can be written again.\n"
        )


def has_instruments() -> bool:
    """Whether the instruments of this attempt are on."""
    return os.environ.get(VERBOSITY_ENV, "").strip() not in {"", "0"}


def write_to_stderr(text: str | bytes) -> None:
    """Write once, so that lines of several processes do not mix; standard error may be closed or full.

    Not ``sys.stderr``, which a Python worker or the user's code may have redirected. If the job has closed
    standard error, its number may belong to another file, which must not be written to: such a file is not
    inheritable, unlike standard error and whatever ``os.dup2`` puts in its place.
    """
    with contextlib.suppress(OSError):
        if os.get_inheritable(_STDERR):
            os.write(_STDERR, text if isinstance(text, bytes) else text.encode(errors="replace"))


_opened: dict[str | None, Channel] = {}  # one per path, so that its lock is shared by all threads


def open_channel() -> Channel:
    """The channel of this attempt; outside one, a channel that drops its messages."""
    path: str | None = os.environ.get(CHANNEL_ENV, "")
    if not path or not os.path.exists(path):  # noqa: PTH110 - pathlib costs start-up time here
        path = None
    if path not in _opened:
        _opened.setdefault(path, Channel(path))
    return _opened[path]


def _after_fork() -> None:
    for channel in _opened.values():
        channel.start_anew()


def _at_exit() -> None:
    for channel in _opened.values():
        channel.flush()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
