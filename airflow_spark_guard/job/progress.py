"""The ``progress`` messages of the driver's Python: the launcher's figures and the script's heartbeats.

Each message carries the newest of both, so that a reader needs only the last one.
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
MOST_THREADS = 10
# Figures that change without any work: no reason for a message.
_RESTLESS = frozenset({"rss"})


class Progress:
    """Sends progress when there is something new.

    Args:
        channel: the channel for the messages.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel, self._clock, self._pid = channel, clock, os.getpid()
        self._lock = threading.RLock()  # a signal handler of the script may call heartbeat() inside a call
        self._figures: dict[str, Any] = {"stages": []}
        self._heartbeat: dict[str, Any] | None = None
        self._count = 0
        self._waiting = False
        self._has_ended = False
        self._threads: list[str] = []
        self._sent_at = clock()
        self._beat_at = float("-inf")

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that created it, and not a fork of that."""
        return os.getpid() == self._pid

    def show(self, figures: dict[str, Any]) -> None:
        """Send the figures if one of them has changed; ``stages`` must be among them."""
        with self._lock:
            moved = _steady(figures) != _steady(self._figures)
            self._figures = figures
            if moved:
                self._send()

    def beat(self, text: str, done: float | None, total: float | None) -> None:
        """Count a heartbeat; send it now, or with the next message if one was sent within the last second."""
        with self._lock:
            self._count += 1
            self._heartbeat = {"count": self._count, "text": text, "done": done, "total": total}
            self._waiting = True
            if self._clock() - self._beat_at >= BETWEEN_HEARTBEATS:
                self._send()

    def tick(self) -> None:
        """Send what is due: a delayed heartbeat, a sign of life, or other threads after the script's end."""
        with self._lock:
            now = self._clock()
            due = self._waiting and now - self._beat_at >= BETWEEN_HEARTBEATS
            others = self._has_ended and awaited_threads() != self._threads
            if due or others or now - self._sent_at >= SIGN_OF_LIFE:
                self._send()

    def flush(self) -> None:
        """Send a delayed heartbeat, because the script ends."""
        with self._lock:
            if self._waiting:
                self._send()

    def end(self) -> None:
        """From now on, name the threads that Python still waits for: the script has ended."""
        with self._lock:
            self._has_ended = True

    def close(self) -> None:
        """Send that no Spark job is left, because Python exits: its last figures must not outlive it."""
        with self._lock:
            if self._has_ended and (self._threads or _has_work(self._figures)):
                self._figures = {"stages": []}
                self._send()

    def _send(self) -> None:
        fields = dict(self._figures)
        if self._heartbeat is not None:
            fields["heartbeat"] = {**self._heartbeat, "text": one_line(self._heartbeat["text"])}
        if self._has_ended:
            fields["threads"] = self._threads = awaited_threads()
        self._sent_at = self._clock()
        if self._waiting:
            self._waiting, self._beat_at = False, self._sent_at
        self._channel.send("progress", **fields)


def one_line(text: str) -> str:
    """The text of a heartbeat as one line of at most 200 characters."""
    return " ".join(text[:800].split())[:200].encode(errors="replace").decode()


def awaited_threads() -> list[str]:
    """Names of the threads that Python waits for before it exits; at most 10."""
    main = threading.main_thread()
    found = [thread.name for thread in threading.enumerate() if not thread.daemon and thread is not main]
    return sorted(one_line(str(name)) for name in found)[:MOST_THREADS]


def _has_work(figures: dict[str, Any]) -> bool:
    return bool(figures.get("jobs") or figures["stages"])


def _steady(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name not in _RESTLESS}


_of_this_process: list[Progress] = []


def start(channel: Channel) -> Progress:
    """Called by the launcher: heartbeats of this process go over the channel from now on."""
    _of_this_process[:] = [Progress(channel)]
    return _of_this_process[0]


def current() -> Progress | None:
    """The instance that :func:`start` created in this process; None in any other, forks included."""
    return _of_this_process[0] if _of_this_process and _of_this_process[0].is_ours else None
