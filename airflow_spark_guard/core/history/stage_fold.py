"""One stage attempt while its log is read: sums, spreads, running tasks; only the slowest ones are kept."""

from __future__ import annotations

from heapq import heappush, heapreplace
from operator import add, itemgetter
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.event_kinds import Figures
from airflow_spark_guard.core.history.event_time import epoch
from airflow_spark_guard.core.history.model import StageHistory, TaskHistory
from airflow_spark_guard.core.history.shortened import shortened
from airflow_spark_guard.core.history.spread import Spreading

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.event_kinds import (
        StageCompleted,
        StageSubmitted,
        TaskEnded,
        TaskStarted,
        Values,
    )

SLOWEST = 10
_LONGEST_DETAILS = 4000
_OUTRUN = "another attempt succeeded"  # TaskSetManager.scala
# The output of a task that had succeeded went with its executor: no failure of its own.
_RESUBMITTED = "Resubmitted"
_NOTHING = Figures()


class StageFold:
    """Takes the events of one stage attempt.

    Attributes:
        key: (stage, attempt).
        tasks: number of its tasks.
        submitted: when it was submitted, in milliseconds since the epoch; None if the log lacks that.
        completed: when it completed, likewise.
        is_complete: whether it has completed or failed.
        is_closed: whether its tasks' figures are folded.
        execution: id of its SQL execution.
        done: task attempts that succeeded.
        failed: task attempts that failed.
        killed: task attempts that Spark ended.
        running: when each running task was launched, and its executor, by its id.
        launched: whether one of its tasks was ever started.
        figures: the sums over its tasks.
        by_executor: run time in milliseconds by executor.
        durations: of tasks that succeeded, in seconds.
        values: what accumulators held at the end of its last task that succeeded.
    """

    def __init__(self, stage: int, attempt: int) -> None:
        self.key = (stage, attempt)
        self._name = self._details = self._failure = self._task_failure = ""
        self.tasks = self.done = self.failed = self.killed = 0
        self.submitted: int | None = None
        self.completed: int | None = None
        self.is_complete = self.is_closed = self.launched = False
        self.execution: int | None = None
        self.running: dict[int, tuple[int, str]] = {}
        self.figures: Figures | None = None
        self.by_executor: dict[str, int] = {}
        self.durations, self._reads = Spreading(), Spreading()
        self.values: Values | None = None
        self._lost_ms = self._speculative_ms = self._scheduler_ms = self._peak = 0
        self._first: int | None = None
        self._slowest: list[tuple[int, int, TaskHistory]] = []

    @property
    def name(self) -> str:
        """Spark's name for it; untrusted."""
        return self._name

    @property
    def run_ms(self) -> int:
        """Run time of its tasks."""
        return 0 if self.figures is None else self.figures.run_ms

    @property
    def has_gap(self) -> bool:
        """Whether it succeeded with fewer tasks than it has."""
        return self.is_complete and not self._failure and self.done < self.tasks

    @property
    def ended(self) -> int:
        """Task attempts that ended."""
        return self.done + self.failed + self.killed

    def submit(self, event: StageSubmitted) -> None:
        """Take its submission, or what its completion repeats of it."""
        self._name, self._details = event.name, event.details[:_LONGEST_DETAILS]
        self.tasks = event.tasks
        self.submitted = self.submitted if event.at is None else event.at
        self.execution = self.execution if event.execution is None else event.execution

    def complete(self, event: StageCompleted) -> None:
        """Take its completion."""
        self.submit(event.submitted)
        self.is_complete, self.completed = True, event.at
        self._failure = shortened(event.failure)
        self.values = None

    def start(self, event: TaskStarted) -> None:
        """Take the start of a task."""
        self._launch(event.at)
        self.running[event.task] = (event.at, event.executor)

    def end(self, event: TaskEnded) -> None:
        """Take the end of a task, also one that comes after the end of the stage."""
        self._launch(event.launched)
        self.running.pop(event.task, None)
        duration, figures = max(0, event.at - event.launched), event.figures
        if figures is not None:
            self.figures = figures if self.figures is None else Figures(*map(add, self.figures, figures))
        figures = figures or _NOTHING
        run_ms = figures.run_ms
        self.by_executor[event.executor] = self.by_executor.get(event.executor, 0) + run_ms
        self._peak = max(self._peak, event.peak_memory)
        if event.outcome == "done":
            self.done += 1
            self.durations.add(duration / 1000)
            self._reads.add(float(figures.input_bytes + figures.shuffle_read_bytes))
            self.values = None if self.is_complete else event.values
            self._scheduler_ms += _scheduler_ms(event, duration, figures)
        else:
            self._fail(event)
            self.killed += event.outcome == "killed"
            lost_ms = run_ms or duration
            self._lost_ms += lost_ms
            self._speculative_ms += lost_ms if _OUTRUN in event.failure else 0
        if len(self._slowest) < SLOWEST:
            heappush(self._slowest, (duration, -self.ended, _task(event)))
        elif duration > self._slowest[0][0]:
            heapreplace(self._slowest, (duration, -self.ended, _task(event)))

    def _fail(self, event: TaskEnded) -> None:
        if event.outcome == "failed":
            self.failed += 1
            if self._task_failure in {"", _RESUBMITTED}:
                self._task_failure = shortened(event.failure)

    def _launch(self, at: int) -> None:
        self.launched = True
        if self._first is None or at < self._first:
            self._first = at

    def close(self) -> None:
        """Fold the figures of its tasks; events may still follow."""
        self.is_closed = True
        self.durations.close()
        self._reads.close()

    def strip(self) -> None:
        """Forget its details, for want of memory."""
        self._details, self.by_executor = "", {}
        self._slowest.clear()

    def history(self, jobs: tuple[int, ...], call: str) -> StageHistory:
        """What was folded.

        Args:
            jobs: ids of the jobs that needed it.
            call: the user's call that started it; empty if unknown.
        """
        stage, attempt = self.key
        return StageHistory(
            stage,
            attempt,
            self._name,
            self._details,
            self.tasks,
            self.done,
            self.failed,
            self.killed,
            epoch(self.submitted),
            epoch(self.completed),
            self._failure,
            self.execution,
            jobs,
            self.durations.spread(),
            self._reads.spread(),
            **self._sums(),
            by_executor={name: run_ms / 1000 for name, run_ms in self.by_executor.items()},
            slowest=tuple(task for *_, task in sorted(self._slowest, key=itemgetter(0, 1), reverse=True)),
            call=call,
            first_task=epoch(self._first),
            task_failure=self._task_failure,
        )

    def _sums(self) -> dict[str, Any]:
        """The figures over all tasks, by their names in the history; without a task nothing was lost."""
        found = self.figures
        lost: dict[str, Any] = {"lost_s": self._lost_ms / 1000, "speculative_s": self._speculative_ms / 1000}
        if found is None:
            return lost
        return lost | {
            "run_s": found.run_ms / 1000,
            "cpu_s": found.cpu_ns / 1e9,
            "gc_s": found.gc_ms / 1000,
            "deserialize_s": found.deserialize_ms / 1000,
            "scheduler_s": self._scheduler_ms / 1000,
            "fetch_wait_s": found.fetch_wait_ms / 1000,
            "input_bytes": found.input_bytes,
            "input_records": found.input_records,
            "output_bytes": found.output_bytes,
            "output_records": found.output_records,
            "shuffle_read_bytes": found.shuffle_read_bytes,
            "shuffle_write_bytes": found.shuffle_write_bytes,
            "memory_spilled_bytes": found.memory_spilled,
            "disk_spilled_bytes": found.disk_spilled,
            "peak_memory_bytes": self._peak,
        }


def _scheduler_ms(event: TaskEnded, duration: int, figures: Figures) -> int:
    """Spark's scheduler delay: what of a task was neither work nor the fetch of its result."""
    fetching = max(0, event.at - event.fetched) if event.fetched else 0
    busy = figures.run_ms + figures.deserialize_ms + figures.result_ms + fetching
    return max(0, duration - busy)


def _task(event: TaskEnded) -> TaskHistory:
    figures = event.figures or _NOTHING
    return TaskHistory(
        event.task,
        event.place,
        event.number,
        event.executor,
        event.host,
        EpochTime(event.launched / 1000),
        max(0, event.at - event.launched) / 1000,
        event.speculative,
        figures.input_bytes + figures.shuffle_read_bytes,
        shortened(event.failure),
    )
