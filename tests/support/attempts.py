"""Attempts for tests that need no hook."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.attempt.spec import AttemptSpec, Reporting
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.task_log import TaskLog


def spec(
    limits: GuardLimits | None = None, tag: Tag | None = None, log: Any = None, **fields: Any
) -> AttemptSpec:
    """An attempt with this task log; ``fields`` are those of :class:`AttemptSpec` or of :class:`Reporting`."""
    reporting = {name: fields.pop(name) for name in tuple(fields) if name in Reporting.__dataclass_fields__}
    return AttemptSpec(
        tag=tag or Tag(new_attempt(), new_attempt()),
        limits=limits or GuardLimits(),
        reporting=Reporting(log or TaskLog(), **reporting),
        **fields,
    )
