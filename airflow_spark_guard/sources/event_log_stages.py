"""Jobs and stages in an event log. The RDDs of a stage, most of its bytes, are left out."""

from __future__ import annotations

from functools import partial

import msgspec
from msgspec import Struct, field

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.sources.event_log_tasks import Whole, values_of

_LONGEST_NAME = 1000


class _Properties(Struct):
    execution: str | None = field(name="spark.sql.execution.id", default=None)
    description: str | None = field(name="spark.job.description", default=None)
    call: str | None = field(name="callSite.short", default=None)

    def execution_id(self) -> int | None:
        """Of the SQL execution; None without one."""
        text = self.execution or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(2**53)) else None


class JobStart(Struct):
    """The line of a job's start."""

    job: Whole = field(name="Job ID")
    at: Whole = field(name="Submission Time", default=0)
    stages: list[Whole] | None = field(name="Stage IDs", default=None)
    properties: _Properties | None = field(name="Properties", default=None)


class _JobFailure(Struct):
    message: str | None = field(name="Message", default=None)


class _JobResult(Struct):
    result: str = field(name="Result")
    exception: _JobFailure | None = field(name="Exception", default=None)


class JobEnd(Struct):
    """The line of a job's end."""

    job: Whole = field(name="Job ID")
    result: _JobResult = field(name="Job Result")
    at: Whole = field(name="Completion Time", default=0)


class _StageInfo(Struct):
    stage: Whole = field(name="Stage ID")
    attempt: Whole = field(name="Stage Attempt ID", default=0)
    name: str = field(name="Stage Name", default="")
    details: str | None = field(name="Details", default=None)
    tasks: Whole = field(name="Number of Tasks", default=0)
    submitted: Whole | None = field(name="Submission Time", default=None)
    completed: Whole | None = field(name="Completion Time", default=None)
    failure: str | None = field(name="Failure Reason", default=None)
    values: msgspec.Raw = field(name="Accumulables", default_factory=msgspec.Raw)

    def submission(self, execution: int | None = None) -> kinds.StageSubmitted:
        """What is known of it at its submission."""
        details = self.details or ""
        return kinds.StageSubmitted(
            self.stage,
            self.attempt,
            self.name[:_LONGEST_NAME],
            details,
            self.tasks,
            self.submitted,
            execution,
        )


class StageSubmitted(Struct):
    """The line of a stage's submission."""

    info: _StageInfo = field(name="Stage Info")
    properties: _Properties | None = field(name="Properties", default=None)


class StageCompleted(Struct):
    """The line of a stage's end."""

    info: _StageInfo = field(name="Stage Info")


def job_started(found: JobStart) -> kinds.Event:
    """The start of a job as an event."""
    given = found.properties or _Properties()
    return kinds.JobStarted(
        found.job,
        found.at,
        tuple(found.stages or ()),
        given.execution_id(),
        given.description or "",
        given.call or "",
    )


def job_ended(found: JobEnd) -> kinds.Event:
    """The end of a job as an event."""
    if found.result.result == "JobSucceeded":
        return kinds.JobEnded(found.job, found.at)
    exception = found.result.exception or _JobFailure()
    return kinds.JobEnded(found.job, found.at, exception.message or found.result.result or "unknown")


def stage_submitted(found: StageSubmitted) -> kinds.Event:
    """The submission of a stage as an event."""
    given = found.properties
    return found.info.submission(None if given is None else given.execution_id())


def stage_completed(found: StageCompleted) -> kinds.Event:
    """The end of a stage as an event."""
    info = found.info
    values = partial(values_of, info.values)
    return kinds.StageCompleted(info.submission(), info.completed, info.failure or "", values)
