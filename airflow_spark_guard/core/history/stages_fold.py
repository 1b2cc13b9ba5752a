"""All stages of an application while its log is read, within a bounded memory."""

from __future__ import annotations

from heapq import heappush, heappushpop, nsmallest
from typing import TYPE_CHECKING, TypeAlias

from airflow_spark_guard.core.history.stage_fold import StageFold

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.history.event_kinds import (
        StageCompleted,
        StageSubmitted,
        TaskEnded,
        TaskStarted,
    )
    from airflow_spark_guard.core.history.model import StageHistory

Key: TypeAlias = tuple[int, int]
MOST_STAGES = 10_000
"""Stage attempts that are kept; of more, those with the least run time are left out."""
DETAILED = 500
"""Stage attempts with the most run time, whose slowest tasks, executors and call stacks are kept."""
_LEFT_AT_ONCE = 1_000


class StagesFold:
    """Takes the events about stages and their tasks.

    Attributes:
        active: stage attempts that were submitted and have not completed, by key.
        running: tasks that run.
        done: task attempts that succeeded so far.
        left_out: stage attempts that were one too many to keep.
        stripped: stage attempts whose details were one too many to keep.
        unsubmitted: stage attempts whose submission the log lacks.
    """

    def __init__(self) -> None:
        self.active: dict[Key, StageFold] = {}
        self.running = self.done = 0
        self.left_out = self.stripped = self.unsubmitted = 0
        self._all: dict[Key, StageFold] = {}
        self._largest: list[tuple[int, Key]] = []
        self._most = MOST_STAGES

    @property
    def is_used(self) -> bool:
        """Whether there is a stage."""
        return bool(self._all)

    def submit(self, event: StageSubmitted) -> StageFold:
        """Take the submission of a stage attempt."""
        key = (event.stage, event.attempt)
        stage = self._all.get(key) or self._added(key)
        stage.submit(event)
        self.active[key] = stage
        return stage

    def complete(self, event: StageCompleted) -> None:
        """Take its completion; what its accumulators hold is for the caller."""
        key = (event.submitted.stage, event.submitted.attempt)
        stage = self._all.get(key)
        if stage is None:
            self.unsubmitted += 1
            stage = self._added(key)
        stage.complete(event)
        self.active.pop(key, None)
        if not stage.running:
            self._close(stage)

    def start(self, event: TaskStarted) -> None:
        """Take the start of a task."""
        stage = self._of((event.stage, event.attempt))
        self.running += event.task not in stage.running
        stage.start(event)

    def end(self, event: TaskEnded) -> bool:
        """Take the end of a task; the answer is whether its start was known."""
        stage = self._of((event.stage, event.attempt))
        known = event.task in stage.running
        self.running -= known
        stage.end(event)
        self.done += event.outcome == "done"
        if stage.is_complete and not stage.running:
            self._close(stage)
        return known

    def history(self, of: Callable[[StageFold], StageHistory]) -> tuple[StageHistory, ...]:
        """All that were submitted, by id and attempt."""
        return tuple(of(self._all[key]) for key in sorted(self._all))

    def lacking(self) -> tuple[int, int]:
        """Task ends that the log lacks of stages that succeeded, and how many these stages have."""
        short = [stage for stage in self._all.values() if stage.has_gap]
        return sum(stage.tasks - stage.done for stage in short), sum(stage.tasks for stage in short)

    def _of(self, key: Key) -> StageFold:
        found = self._all.get(key)
        if found is None:
            self.unsubmitted += 1
            found = self.active[key] = self._added(key)
        return found

    def _added(self, key: Key) -> StageFold:
        stage = self._all[key] = StageFold(*key)
        if len(self._all) > self._most:
            self._leave_out()
            self._most = max(MOST_STAGES, len(self._all) + _LEFT_AT_ONCE)  # if none of them has completed
        return stage

    def _close(self, stage: StageFold) -> None:
        """Fold a stage that has no running task, and forget the details of the smallest one if need be."""
        was_closed, rank = stage.is_closed, (stage.run_ms, stage.key)
        stage.close()
        if was_closed:
            return
        if len(self._largest) < DETAILED:
            heappush(self._largest, rank)
            return
        _, smallest = heappushpop(self._largest, rank)
        self.stripped += 1
        if smallest in self._all:
            self._all[smallest].strip()

    def _leave_out(self) -> None:
        """Forget the smallest of those that have completed."""
        complete = (stage for stage in self._all.values() if stage.is_complete)
        for stage in nsmallest(_LEFT_AT_ONCE, complete, key=lambda stage: stage.run_ms):
            del self._all[stage.key]
            self.left_out += 1
