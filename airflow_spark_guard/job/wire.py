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
    """The attempt's channel; every message is one atomic append, from any thread or forked child."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._lock = threading.Lock()

    def send(self, kind: str, **fields: Any) -> None:
        """Append one message; see :func:`encode` for the errors."""
        line = encode(kind, fields, time.time())
        with self._lock:
            while line:
                line = line[os.write(self._fd, line) :]


class NoChannel:
    """Stands in for the channel when the application runs outside a guarded attempt."""

    def send(self, kind: str, **fields: Any) -> None:
        """Check the message as the real channel does, and drop it."""
        encode(kind, fields, 0.0)


_opened: dict[str, Channel] = {}  # one per path, so that the lock is shared by all threads


def open_channel() -> Channel | NoChannel:
    """The channel of this attempt, or its stand-in where there is none."""
    path = os.environ.get(CHANNEL_ENV, "")
    if not path or not os.path.exists(path):  # noqa: PTH110 - pathlib costs start-up time here
        return NoChannel()
    return _opened.setdefault(path, Channel(path)) if path not in _opened else _opened[path]
