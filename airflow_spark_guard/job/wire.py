"""Wire protocol, writing end: JSON lines appended to the attempt's channel file.

``{"v": 1, "kind": ..., "t": seconds since the epoch, ...}``. The reading end is ``core/protocol.py``; golden
messages in ``tests/golden/`` hold the two together. A file, not a socket: nothing is lost when either side
dies, and no thread has to answer.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

CHANNEL_ENV = "SPARK_GUARD_CHANNEL"
RESULT_SIZE_ENV = "SPARK_GUARD_RESULT_SIZE"
PROTOCOL_VERSION = 1
# The reader refuses longer lines: a job's output is untrusted.
MAX_LINE = 1 << 20


def encode(kind: str, fields: dict[str, Any], now: float) -> bytes:
    """One message as a line, newline included.

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
    """Where messages go; every message is one atomic append, from any thread or forked child.

    Args:
        path: the attempt's channel file. None outside a guarded attempt: messages are checked and dropped.
    """

    def __init__(self, path: str | None) -> None:
        self._fd = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.renew_lock()

    def renew_lock(self) -> None:
        """For a forked child: another thread of the parent may have held the lock at that moment."""
        self._lock = threading.RLock()

    def send(self, kind: str, **fields: Any) -> None:
        """Append one message; see :func:`encode` for the errors."""
        line = encode(kind, fields, time.time())
        if self._fd is None:
            return
        with self._lock:
            while line:
                line = line[os.write(self._fd, line) :]


_opened: dict[str | None, Channel] = {}  # one per path, so that its lock is shared by all threads


def open_channel() -> Channel:
    """The channel of this attempt; outside one, a channel that leads nowhere."""
    path: str | None = os.environ.get(CHANNEL_ENV, "")
    if not path or not os.path.exists(path):  # noqa: PTH110 - pathlib costs start-up time here
        path = None
    if path not in _opened:
        _opened.setdefault(path, Channel(path))
    return _opened[path]


def _after_fork() -> None:
    for channel in _opened.values():
        channel.renew_lock()


os.register_at_fork(after_in_child=_after_fork)
