"""The Spark jobs of an application while its log is read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.history.event_time import epoch
from airflow_spark_guard.core.history.model import JobHistory
from airflow_spark_guard.core.history.shortened import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spark_guard.core.history.event_kinds import JobEnded, JobStarted

MOST_JOBS = 20_000
_LONGEST = 2000
_MOST_STAGES = 10_000
_RECEIVER = "Streaming job running receiver "  # org.apache.spark.streaming.scheduler.ReceiverTracker
_PYTHON_CALL = re.compile(r"\S.* at .*\.py:\d+", re.DOTALL)


class JobsFold:
    """Takes the events about jobs.

    Attributes:
        active: jobs that have not ended, by id.
        left_out: jobs that were one too many to keep: the first ones that succeeded.
        unstarted: jobs whose start the log lacks.
    """

    def __init__(self) -> None:
        self.active: dict[int, JobHistory] = {}
        self.left_out = self.unstarted = 0
        self._ended: dict[int, JobHistory] = {}
        self._calls: dict[int, str] = {}
        self._of_stage: dict[int, list[int]] = {}

    @property
    def is_used(self) -> bool:
        """Whether there is a job."""
        return bool(self.active or self._ended)

    def start(self, event: JobStarted) -> None:
        """Take the start of a job."""
        stages = event.stages[:_MOST_STAGES]
        self.active[event.job] = JobHistory(
            event.job,
            (event.description or event.call)[:_LONGEST],
            epoch(event.at),
            None,
            "",
            stages,
            event.execution,
        )
        self._calls[event.job] = event.call[:_LONGEST]
        for stage in stages:
            self._of_stage.setdefault(stage, []).append(event.job)

    def end(self, event: JobEnded) -> None:
        """Take the end of a job."""
        started = self.active.pop(event.job, None) or self._ended.get(event.job)
        if started is None:
            self.unstarted += 1
            started = JobHistory(event.job)
        self._ended[event.job] = replace(started, completed=epoch(event.at), failure=shortened(event.failure))
        if len(self._ended) > MOST_JOBS:
            self._leave_out()

    def of_stage(self, stage: int) -> tuple[int, ...]:
        """Ids of the jobs that needed a stage."""
        return tuple(self._of_stage.get(stage, ()))

    def execution_of(self, stage: int) -> int | None:
        """The SQL execution of the newest job that needs a stage; None without one."""
        newest = self._of_stage.get(stage)
        job = None if newest is None else self.active.get(newest[-1])
        return None if job is None else job.execution

    def is_receiver(self, stage: int) -> bool:
        """Whether a stage lasts as long as the application by design."""
        jobs = (self.active.get(job) for job in self._of_stage.get(stage, ()))
        return any(job is not None and job.description.startswith(_RECEIVER) for job in jobs)

    def call(self, stage: int, name: str, statement: str) -> str:
        """The user's call that started a stage; empty if unknown.

        Args:
            stage: its id.
            name: Spark's name for it, which is the best answer if Python has set it.
            statement: the description of its SQL execution.
        """
        calls = (self._calls.get(job, "") for job in self._of_stage.get(stage, ()))
        return next((text for text in (name, *calls, statement) if is_python_call(text)), "")

    def history(self, statement: Callable[[int | None], str]) -> tuple[JobHistory, ...]:
        """All, by id; ``statement`` gives the description of a SQL execution, for jobs without one."""
        found = self._ended | self.active
        return tuple(
            job if job.description else replace(job, description=statement(job.execution))
            for job in (found[number] for number in sorted(found))
        )

    def _leave_out(self) -> None:
        """Forget the first tenth of those that succeeded."""
        first = [job for job, found in self._ended.items() if not found.failure][: MOST_JOBS // 10]
        for job in first or list(self._ended)[: MOST_JOBS // 10]:
            del self._ended[job]
            self._calls.pop(job, None)
            self.left_out += 1
        self._forget_stages(self._ended.keys() | self.active.keys())

    def _forget_stages(self, jobs: Iterable[int]) -> None:
        kept = frozenset(jobs)
        rest = {stage: [job for job in of if job in kept] for stage, of in self._of_stage.items()}
        self._of_stage = {stage: of for stage, of in rest.items() if of}


def is_python_call(text: str) -> bool:
    """Whether Spark names a line of Python: ``count at /jobs/job.py:12``."""
    return _PYTHON_CALL.fullmatch(text) is not None
