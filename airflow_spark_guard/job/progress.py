"""The ``progress`` messages of the driver's Python: the launcher's figures and the script's heartbeats.

One message carries the newest of both, so that a reader needs only the last one.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.job.wire import Channel

SIGN_OF_LIFE = 30.0  # seconds
BETWEEN_HEARTBEATS = 1.0  # seconds
# They move although nothing is done: no reason for a message.
_RESTLESS = frozenset({"rss"})


class Progress:
    """What was last said, and whether there is news.

    Args:
        channel: where messages go.
        clock: seconds of a clock that never jumps.
    """

    def __init__(self, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel, self._clock, self._pid = channel, clock, os.getpid()
        self._lock = threading.RLock()  # a signal handler of the script may call heartbeat() inside a call
        self._figures: dict[str, Any] = {"stages": []}
        self._heartbeat: dict[str, Any] | None = None
        self._count = 0
        self._waiting = False
        self._sent_at = clock()
        self._beat_at = float("-inf")

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that made it, and not a fork of it."""
        return os.getpid() == self._pid

    def show(self, figures: dict[str, Any]) -> None:
        """Send the figures if one of them has moved; ``stages`` must be among them."""
        with self._lock:
            moved = _steady(figures) != _steady(self._figures)
            self._figures = figures
            if moved:
                self._send()

    def beat(self, text: str, done: float | None, total: float | None) -> None:
        """Count a heartbeat; send it now, or with the next message if one was sent within this second."""
        with self._lock:
            self._count += 1
            self._heartbeat = {"count": self._count, "text": text, "done": done, "total": total}
            self._waiting = True
            if self._clock() - self._beat_at >= BETWEEN_HEARTBEATS:
                self._send()

    def tick(self) -> None:
        """Send what is due: a heartbeat that had to wait, or a sign of life."""
        with self._lock:
            now = self._clock()
            due = self._waiting and now - self._beat_at >= BETWEEN_HEARTBEATS
            if due or now - self._sent_at >= SIGN_OF_LIFE:
                self._send()

    def flush(self) -> None:
        """Send a heartbeat that had to wait; the process ends."""
        with self._lock:
            if self._waiting:
                self._send()

    def _send(self) -> None:
        fields = dict(self._figures)
        if self._heartbeat is not None:
            fields["heartbeat"] = {**self._heartbeat, "text": one_line(self._heartbeat["text"])}
        self._sent_at = self._clock()
        if self._waiting:
            self._waiting, self._beat_at = False, self._sent_at
        self._channel.send("progress", **fields)


def one_line(text: str) -> str:
    """Text of a heartbeat as it is sent: one line of at most 200 characters."""
    return " ".join(text[:800].split())[:200].encode(errors="replace").decode()


def _steady(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name not in _RESTLESS}


_of_this_process: list[Progress] = []


def start(channel: Channel) -> Progress:
    """Make this process the one whose heartbeats go over the channel; the launcher's doing."""
    _of_this_process[:] = [Progress(channel)]
    return _of_this_process[0]


def current() -> Progress | None:
    """What :func:`start` made in this process; None elsewhere, also in its forks."""
    return _of_this_process[0] if _of_this_process and _of_this_process[0].is_ours else None
