"""Jobs as spans of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.history.executor_time import end_of

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.model import ApplicationHistory, JobHistory


class Span(NamedTuple):
    """Jobs that belong together, in time.

    Attributes:
        begin: when the first one was submitted.
        end: when the last one ended.
        jobs: these jobs, by time.
    """

    begin: float
    end: float
    jobs: tuple[JobHistory, ...]


def jobs_in_time(history: ApplicationHistory) -> list[Span]:
    """One for each job, by time; empty if a time is unknown. A job that has not ended lasts to the end."""
    last = end_of(history)
    found = []
    for job in history.jobs:
        end = last if job.completed is None else job.completed
        if job.submitted is None or end is None:
            return []
        found.append(Span(job.submitted, max(job.submitted, end), (job,)))
    return sorted(found, key=lambda span: (span.begin, span.end))


def executions_in_time(history: ApplicationHistory) -> list[Span]:
    """One for the jobs of each SQL execution, and one for each job that has none; by time."""
    found: dict[tuple[str, int], Span] = {}
    for span in jobs_in_time(history):
        job = span.jobs[0]
        key = ("job", job.job) if job.execution is None else ("execution", job.execution)
        whole = found.get(key, span._replace(jobs=()))
        found[key] = Span(whole.begin, max(whole.end, span.end), (*whole.jobs, job))
    return sorted(found.values(), key=lambda span: (span.begin, span.end))
