"""The executors of an application while its log is read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.event_time import epoch
from airflow_spark_guard.core.history.model import ExecutorHistory
from airflow_spark_guard.core.watch.observation import Executor

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.event_kinds import ExecutorAdded, ExecutorRemoved, Peaks, TaskEnded

MOST_EXECUTORS = 20_000
# As many as a driver's REST API lists: spark.ui.retainedDeadExecutors.
_RETAINED = 100
_LONGEST_REASON = 2000


@dataclass(slots=True)
class _Executor:
    """One executor; times in milliseconds."""

    id: str
    host: str = ""
    cores: int = 0
    added: int | None = None
    removed: int | None = None
    reason: str = ""
    log_url: str = ""
    active: int = 0
    tasks: int = 0
    failed: int = 0
    run_ms: int = 0
    gc_ms: int = 0
    heap: int = 0
    jvm: int = 0
    python: int = 0

    @property
    def is_alive(self) -> bool:
        """Whether it has registered, and was not removed."""
        return self.added is not None and self.removed is None

    def row(self, cpus: int) -> Executor:
        """As the driver's REST API lists it."""
        return Executor(
            self.id,
            self.removed is None,
            epoch(self.added) or EpochTime(0.0),
            epoch(self.removed),
            self.reason,
            self.active,
            self.cores // cpus,
            self.gc_ms,
            self.run_ms,
            self.log_url,
            self.host,
        )

    def history(self, cpus: int) -> ExecutorHistory:
        """What was folded; ``cpus`` are the cores that a task takes."""
        return ExecutorHistory(
            self.id,
            self.host,
            self.cores // cpus,
            epoch(self.added),
            epoch(self.removed),
            self.reason,
            self.tasks,
            self.failed,
            self.run_ms / 1000,
            self.gc_ms / 1000,
            self.heap or None,
            self.jvm or None,
            self.python or None,
            self.log_url,
        )


class ExecutorsFold:
    """Takes the events about executors.

    Attributes:
        gc_ms: garbage collection during tasks so far.
        left_out: executors that were one too many to keep.
    """

    def __init__(self) -> None:
        self._all: dict[str, _Executor] = {}
        self._alive: dict[str, _Executor] = {}
        self._dead: deque[_Executor] = deque(maxlen=_RETAINED)
        self._cores = 0
        self.gc_ms = 0
        self.left_out = 0

    def add(self, event: ExecutorAdded) -> None:
        """Take an executor's registration."""
        found = self._executor(event.id)
        self._cores += event.cores - (found.cores if found.is_alive else 0)
        found.host, found.cores, found.log_url = event.host, event.cores, event.log_url
        found.added, found.removed, found.reason = event.at, None, ""
        self._alive[event.id] = found

    def remove(self, event: ExecutorRemoved) -> None:
        """Take its removal."""
        found = self._executor(event.id)
        self._cores -= found.cores if found.is_alive else 0
        found.removed, found.reason, found.active = event.at, event.reason[:_LONGEST_REASON], 0
        self._alive.pop(event.id, None)
        self._dead.append(found)

    def start(self, executor: str) -> None:
        """Take the start of a task."""
        self._executor(executor).active += 1

    def end(self, event: TaskEnded, *, known: bool) -> None:
        """Take the end of a task; ``known`` is whether its start was."""
        found = self._executor(event.executor)
        found.tasks += 1
        found.failed += event.outcome == "failed"
        if known:
            found.active -= found.active > 0
        if event.figures is not None:
            found.run_ms += event.figures.run_ms
            found.gc_ms += event.figures.gc_ms
            self.gc_ms += event.figures.gc_ms
        if event.peaks is not None:
            self.peak(event.peaks)

    def peak(self, event: Peaks) -> None:
        """Take a measurement of its memory."""
        # The driver of a cluster is measured too, but it is not an executor.
        found = self._all.get(event.executor)
        if found is not None:
            found.heap = max(found.heap, event.heap)
            found.jvm = max(found.jvm, event.jvm)
            found.python = max(found.python, event.python)

    def cores(self, cpus: int) -> int:
        """Task slots of the living ones."""
        return self._cores // cpus

    def unregistered(self) -> int:
        """Executors that ran tasks, and whose registration the log lacks."""
        return sum(found.added is None and found.tasks + found.active > 0 for found in self._all.values())

    def rows(self, cpus: int) -> tuple[Executor, ...]:
        """The living ones, and the last dead ones, as a driver lists them."""
        return tuple(found.row(cpus) for found in (*self._alive.values(), *self._dead))

    def history(self, cpus: int) -> tuple[ExecutorHistory, ...]:
        """All, in the order in which they came."""
        return tuple(found.history(cpus) for found in self._all.values())

    def _executor(self, name: str) -> _Executor:
        found = self._all.get(name)
        if found is None:
            found = _Executor(name)
            if len(self._all) < MOST_EXECUTORS:
                self._all[name] = found
            else:
                self.left_out += 1
        return found
