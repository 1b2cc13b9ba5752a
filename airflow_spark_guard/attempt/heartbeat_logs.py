"""Heartbeats of tasks, from the logs of the executors that run them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.watch.executor_heartbeat import latest
from airflow_spark_guard.sources import log_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spark_guard.core.watch.executor_heartbeat import Known
    from airflow_spark_guard.core.watch.observation import Executor, TaskHeartbeat
    from airflow_spark_guard.core.web.log_tail import LogEnd

_MOST_LOGS = 64  # read in one look; if more executors run tasks, the others are next
_LOG_TAIL = 16 * 1024
_SECONDS = 5.0  # for all logs


@dataclass
class HeartbeatLogs:
    """Reads the newest heartbeats; those of a log that cannot be read for once stay known.

    Attributes:
        ends: the ends of the logs that were read last, by executor.
    """

    ends: Mapping[str, LogEnd] = field(default_factory=dict)
    _beats: Known = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)  # by executor, the last look that read its log
    _looks: int = 0

    @property
    def newest(self) -> tuple[TaskHeartbeat, ...]:
        """The newest heartbeat of each stage on each executor."""
        return tuple(self._beats.values())

    def read(self, running: Iterable[Executor]) -> tuple[TaskHeartbeat, ...]:
        """Read the logs that were read longest ago: beyond a limit the executors take turns."""
        rows = sorted((row for row in running if row.stderr_url), key=lambda row: self._read.get(row.id, 0))
        urls = {row.id: row.stderr_url for row in rows[:_MOST_LOGS]}
        tails = log_page.tails(urls, _LOG_TAIL, seconds=_SECONDS) if urls else {}
        self._looks += 1
        kept = {row.id: self._read[row.id] for row in rows if row.id in self._read}
        self._read = {**kept, **dict.fromkeys(tails, self._looks)}
        self.ends = {name: end for name, end in tails.items() if end is not None}
        self._beats = latest(self._beats, {name: end.text for name, end in self.ends.items()})
        return self.newest
