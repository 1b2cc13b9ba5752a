"""The executors of an application, from what the watchdog observed of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.executor_time import DRIVER, UNLISTED
from airflow_spark_guard.core.history.model import ExecutorHistory
from airflow_spark_guard.core.history.numbers import moment_of, number_of
from airflow_spark_guard.core.web.spark_rest import MAX_EXECUTORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Observation


@dataclass
class _Seen:
    """One executor; ``work`` is the task-seconds that it was seen to run."""

    row: ExecutorHistory
    work: float = 0.0


@dataclass
class SeenExecutors:
    """Gathers executors from observations, by time.

    Another SparkContext of the script counts its executors from 0 again: what was registered at another
    time is another executor. The id of the application distinguishes those that no view shows.

    Args:
        started: when the attempt started.

    Attributes:
        failures: number of executors that failed while the script ran, by spark-submit's output.
    """

    started: EpochTime
    failures: int = field(default=0, init=False)
    _all: list[_Seen] = field(default_factory=list, init=False)
    _newest: dict[str, _Seen] = field(default_factory=dict, init=False)
    _ids_before: set[str] = field(default_factory=set, init=False)
    _application: str = field(default="", init=False)
    _last: EpochTime | None = field(default=None, init=False)

    def add(self, observation: Observation) -> None:
        """Take an observation.

        Once the script has ended executors end because of that, and a master starts some in vain.
        """
        inside, view = observation.inside, observation.driver
        over = observation.driver_gone_at is not None or (inside is not None and inside.ended)
        at = moment_of(observation.wall) or EpochTime(self.started + (number_of(observation.at) or 0.0))
        if not over:
            # First: if there is another SparkContext since the last look, they belong to the one before it.
            for one in observation.exits:
                self._exit(one)
            self.failures = max(self.failures, observation.executor_exits)
        is_another = self._is_another_context(observation)
        if view is not None:
            self._take_view(view, at, over=over)
        elif is_another:
            _close(self._newest.values(), at)

    def all(self) -> tuple[ExecutorHistory, ...]:
        """In the order in which they came."""
        return tuple(seen.row for seen in self._all)

    def _take_view(self, view: DriverView, at: EpochTime, *, over: bool) -> None:
        passed = 0.0 if self._last is None else max(0.0, at - self._last)
        self._last = at
        for executor in view.executors:
            seen = self._seen(executor)
            if over and (seen is None or not executor.active):
                continue
            if seen is None:
                seen = self._append(ExecutorHistory(executor.id), executor.added or at)
            if executor.active:
                # Spark counts the time of a task once it has ended: one that hangs would count as idle.
                added = moment_of(executor.added)
                here = passed if added is None else min(passed, max(0.0, at - added))
                seen.work += min(executor.active_tasks, executor.cores) * here
            seen.row = _row(executor, seen.row, seen.work)
        if not over and len(view.executors) < MAX_EXECUTORS:
            # Of those that are gone Spark lists the last 100 (spark.ui.retainedDeadExecutors).
            listed = {executor.id for executor in view.executors}
            _close((seen for name, seen in self._newest.items() if name not in listed), at)

    def _seen(self, executor: Executor) -> _Seen | None:
        """What is known of it; None if only one of an earlier SparkContext had its id."""
        seen = self._newest.get(executor.id)
        if seen is None:
            return None
        if executor.added and seen.row.added:
            return seen if executor.added == seen.row.added else None
        is_later = seen.row.removed is not None and executor.added > seen.row.removed
        return None if is_later and executor.id in self._ids_before else seen

    def _append(self, row: ExecutorHistory, begin: EpochTime) -> _Seen:
        """Add one; an earlier one of its id belongs to a SparkContext that had ended by then."""
        if row.id in self._newest:
            _close([self._newest[row.id]], begin)
        seen = _Seen(row)
        self._all.append(seen)
        self._newest[row.id] = seen
        self._ids_before.discard(row.id)
        return seen

    def _exit(self, one: ExecutorExit) -> None:
        seen = None if one.id in self._ids_before else self._newest.get(one.id)
        if seen is None:
            begin = one.at if one.started is None else one.started
            seen = self._append(ExecutorHistory(one.id, one.host), EpochTime(self.started + begin))
        if seen.row.removed is None or seen.row.reason == UNLISTED:
            seen.row = replace(seen.row, removed=EpochTime(self.started + one.at), reason=one.reason)

    def _is_another_context(self, observation: Observation) -> bool:
        """Whether the script has created another SparkContext; this observation may show the previous one."""
        before, name = self._application, observation.inside.application_id if observation.inside else ""
        self._application = name or before
        is_another = bool(before and name) and name != before
        if is_another:
            self._ids_before = set(self._newest)
        return is_another


def _close(gone: Iterable[_Seen], at: EpochTime) -> None:
    for seen in gone:
        if seen.row.removed is None:
            seen.row = replace(seen.row, removed=at, reason=UNLISTED)


def _row(executor: Executor, known: ExecutorHistory, work: float) -> ExecutorHistory:
    is_back = executor.active and known.reason == UNLISTED
    # Of the driver Spark's REST API gives how long it has been up (AppStatusStore, replaceDriverGcTime).
    ended = 0.0 if executor.id == DRIVER else executor.run_ms / 1000
    return ExecutorHistory(
        executor.id,
        executor.host,
        executor.cores or known.cores,
        added=executor.added or known.added,
        removed=executor.removed or (None if is_back else known.removed),
        reason=executor.reason or ("" if is_back else known.reason),
        run_s=max(ended, work),
        gc_s=executor.gc_ms / 1000,
        log_url=executor.stderr_url,
    )
