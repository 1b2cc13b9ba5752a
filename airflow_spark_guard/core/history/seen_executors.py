"""The executors of an application, from what the watchdog observed of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.model import ExecutorHistory

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
        for one in observation.exits:
            self._exit(one, over=over)

    def all(self) -> tuple[ExecutorHistory, ...]:
        """In the order in which they came."""
        return tuple(self._rows.values())

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
        run_s=executor.run_ms / 1000,
        gc_s=executor.gc_ms / 1000,
        log_url=executor.stderr_url,
    )
