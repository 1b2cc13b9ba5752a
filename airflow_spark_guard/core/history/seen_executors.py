"""The executors of an application, from what the watchdog observed of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.executor_time import DRIVER
from airflow_spark_guard.core.history.model import ExecutorHistory
from airflow_spark_guard.core.history.numbers import moment_of, number_of

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Executor, ExecutorExit, Observation


@dataclass
class SeenExecutors:
    """Gathers executors from observations, by time.

    Args:
        started: when the attempt started.
    """

    started: EpochTime
    _rows: dict[str, ExecutorHistory] = field(default_factory=dict)
    _work: dict[str, float] = field(default_factory=dict)
    _last: EpochTime | None = None

    def add(self, observation: Observation) -> None:
        """Take an observation.

        Once the script has ended executors end because of that, and a master starts some in vain.
        """
        inside = observation.inside
        over = observation.driver_gone_at is not None or (inside is not None and inside.ended)
        for executor in observation.driver.executors if observation.driver is not None else ():
            known = self._rows.get(executor.id)
            if not over or (known is not None and executor.active):
                self._rows[executor.id] = _executor(executor, known)
        self._count_work(observation)
        for one in observation.exits:
            self._exit(one, over=over)

    def all(self) -> tuple[ExecutorHistory, ...]:
        """In the order in which they came."""
        return tuple(self._rows.values())

    def _count_work(self, observation: Observation) -> None:
        """Spark counts the time of a task once it has ended: one that hangs would count as idle."""
        at = moment_of(observation.wall) or EpochTime(self.started + (number_of(observation.at) or 0.0))
        passed = 0.0 if self._last is None else max(0.0, at - self._last)
        self._last = at
        for row in observation.driver.executors if observation.driver is not None else ():
            known = self._rows.get(row.id)
            if known is not None and row.active:
                self._work[row.id] = self._work.get(row.id, 0.0) + min(row.active_tasks, row.cores) * passed
                ended = known.run_s or 0.0
                self._rows[row.id] = replace(known, run_s=max(ended, self._work[row.id]))

    def _exit(self, one: ExecutorExit, *, over: bool) -> None:
        known = self._rows.get(one.id, ExecutorHistory(one.id, one.host))
        if known.removed is None and not over:
            removed = EpochTime(self.started + one.at)
            self._rows[one.id] = replace(known, removed=removed, reason=one.reason)


def _executor(executor: Executor, known: ExecutorHistory | None) -> ExecutorHistory:
    return ExecutorHistory(
        executor.id,
        executor.host,
        executor.cores or (known.cores if known else 0),
        added=executor.added or None,
        removed=executor.removed or (known.removed if known else None),
        reason=executor.reason or (known.reason if known else ""),
        # Of the driver Spark's REST API gives how long it has been up (AppStatusStore, replaceDriverGcTime).
        run_s=None if executor.id == DRIVER else executor.run_ms / 1000,
        gc_s=executor.gc_ms / 1000,
        log_url=executor.stderr_url,
    )
