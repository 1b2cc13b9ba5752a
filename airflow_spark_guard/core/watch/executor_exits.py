"""Executors that ended according to spark-submit's output: id, host, reason, and when they started."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.executor_loss import Removal, removal_of
from airflow_spark_guard.core.watch.observation import ExecutorExit

_MAX_REASON = 300
_MAX_KNOWN = 200_000  # executors distinguished; a crash loop makes 100 per second
_MAX_STARTS = 20_000
_MOST_ROWS = 50
_NAME = 50
_HOST = 100
# On Kubernetes a reason has several lines, of which the first is empty.
_MOST_LINES = 8
_END_OF_REASON = re.compile(r"container statuses:|^\S+ \S+ (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ")

_EXITS = (
    re.compile(r"Executor updated: \S+/(?P<id>\S+) is now (?:EXITED|FAILED|LOST) \((?P<reason>.*)\)"),
    re.compile(r"Executor \S+/(?P<id>\S+) removed: (?P<reason>.*)"),
    re.compile(r"Lost executor (?P<id>\S+) on (?P<host>\S+): ?(?P<reason>.*)"),
)
_REGISTERED = re.compile(r"Registered executor \S+ \((?P<host>\S+):\d+\) with ID (?P<id>[^\s,]+)")
_STARTS = (
    re.compile(r"Executor added: \S+/(?P<id>\S+) on worker-\S+ \((?P<host>\S+):\d+\)"),
    _REGISTERED,
)
# Removed by the driver: not a loss, and no reason follows.
_LET_GO = re.compile(
    r"Executor updated: \S+/(?P<id>\S+) is now KILLED"
    r"|Executor (?P<id_>\S+) on \S+ (?:killed by driver|is decommissioned)"
)


class _Start(NamedTuple):
    at: LaunchTime
    host: str


@dataclass
class ExecutorExits:
    """Reads lines that name executors; untrusted, a job may print similar lines.

    Attributes:
        count: number of executors that failed, each counted once.
        reason: Spark's reason for the last of them.
        ended: number of executors that ended without an order of the driver.
        peak: the largest number of executors that the newest SparkContext had at once; 0 if none was printed.
    """

    count: int = 0
    reason: str = ""
    ended: int = 0
    peak: int = 0
    _known: set[str] = field(default_factory=set)
    _rows: deque[ExecutorExit] = field(default_factory=lambda: deque(maxlen=_MOST_ROWS))
    _starts: dict[str, _Start] = field(default_factory=dict, compare=False)
    _living: set[str] = field(default_factory=set)
    _open: tuple[str, str, LaunchTime] | None = None
    _lines: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        """Whether the next lines belong to a reason that has begun."""
        return self._open is not None

    def read(self, line: str, at: LaunchTime) -> None:
        """Read one line."""
        if self._open is not None and self._continue(line):
            return
        for pattern in _STARTS:
            if found := pattern.search(line):
                self._start(found["id"][:_NAME], _Start(at, found["host"][:_HOST]))
                if pattern is _REGISTERED:
                    self._register(found["id"][:_NAME])
                return
        if found := _LET_GO.search(line):
            self._living.discard((found["id"] or found["id_"])[:_NAME])
            return
        found = next((match for pattern in _EXITS if (match := pattern.search(line))), None)
        if found is None:
            return
        host = found.groupdict().get("host") or ""
        if found["reason"].strip():
            self._end(found["id"], host, found["reason"], at)
        else:
            self._open, self._lines = (found["id"], host, at), []

    def forget(self) -> None:
        """Reset for another SparkContext, which counts its executors from 0 again."""
        self._known.clear()
        self._starts.clear()
        self._living.clear()
        self._open, self.peak = None, 0

    def take(self) -> tuple[ExecutorExit, ...]:
        """The newest executors that ended since the last call, without those removed by the driver."""
        rows = tuple(self._rows)
        self._rows.clear()
        return rows

    def _start(self, executor: str, start: _Start) -> None:
        if len(self._starts) < _MAX_STARTS:
            self._starts.setdefault(executor, start)

    def _register(self, executor: str) -> None:
        if len(self._living) < _MAX_STARTS and executor not in self._known:
            self._living.add(executor)
            self.peak = max(self.peak, len(self._living))

    def _continue(self, line: str) -> bool:
        """Whether the line belongs to the reason that has begun."""
        ended = _END_OF_REASON.search(line) is not None
        if not ended and line.strip():
            self._lines.append(line.strip())
        if (ended or len(self._lines) >= _MOST_LINES) and self._open is not None:
            (executor, host, at), self._open = self._open, None
            self._end(executor, host, " ".join(self._lines), at)
        return not ended

    def _end(self, executor: str, host: str, reason: str, at: LaunchTime) -> None:
        executor = executor[:_NAME]
        removal = removal_of(reason)
        self._living.discard(executor)
        if removal is Removal.ASKED or executor in self._known or len(self._known) >= _MAX_KNOWN:
            return
        self._known.add(executor)
        self.ended += 1
        start = self._starts.pop(executor, None)
        text = safe_text(reason)[:_MAX_REASON]
        host = safe_text(host[:_HOST]) or (start.host if start else "")
        self._rows.append(ExecutorExit(executor, host, text, at, start.at if start else None))
        if removal is Removal.LOST:
            self.count += 1
            self.reason = text
