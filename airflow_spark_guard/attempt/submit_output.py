"""spark-submit's output during an attempt: executors, the application, heartbeats of the driver's forks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.core.watch.executor_heartbeat import MARK, latest
from airflow_spark_guard.core.watch.submit_log import WORDS, SubmitLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.clock import LaunchTime
    from airflow_spark_guard.core.watch.executor_heartbeat import Known
    from airflow_spark_guard.core.watch.observation import Observation

_WORDS = tuple(word.encode() for word in WORDS)
_HEARTBEAT = MARK.encode()
_LONGEST_LINE = 4096


@dataclass
class SubmitOutput:
    """Reads the output in chunks that end anywhere; untrusted.

    Args:
        on_notice: takes advice for the task log.

    Attributes:
        log: what its lines have reported.
    """

    on_notice: Callable[[str], None] = ignore
    log: SubmitLog = field(default_factory=SubmitLog)
    _rest: bytes = b""
    _noticed: int = 0
    _ended: int = 0
    _beats: Known = field(default_factory=dict)

    def read(self, chunk: bytes, now: LaunchTime) -> None:
        """Read a chunk; it names executors that live too briefly for a look to see them."""
        body, end, rest = (self._rest + chunk).rpartition(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
        if end and (self.log.exits.waiting or any(word in body for word in _WORDS)):
            for line in body.split(b"\n"):
                self.log.read(line.decode(errors="replace"), now)
            for text in self.log.oversized[self._noticed :]:
                self.on_notice(text)
            self._noticed = len(self.log.oversized)
        if end and _HEARTBEAT in body:
            # Executors in local[n] and forks of the driver write theirs into the driver's own output.
            self._beats = latest(self._beats, {"": body.decode(errors="replace") + "\n"})

    def has_new_exits(self) -> bool:
        """Whether an executor has ended since the last call."""
        before, self._ended = self._ended, self.log.exits.ended
        return self._ended != before

    def added_to(self, seen: Observation) -> Observation:
        """The observation, with what the output has reported; each ended executor is added once."""
        return replace(
            seen,
            task_heartbeats=(*seen.task_heartbeats, *self._beats.values()),
            executor_exits=self.log.executor_exits,
            exit_reason=self.log.exit_reason,
            exits=self.log.exits.take(),
            executor_peak=self.log.executor_peak,
        )
