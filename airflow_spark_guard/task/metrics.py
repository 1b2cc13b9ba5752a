"""Counts attempts in Airflow's own metrics (StatsD, Datadog or OpenTelemetry, as Airflow is configured).

Counter ``spark_guard.attempts`` and, in seconds, timers ``spark_guard.attempt_seconds`` and
``spark_guard.detection_seconds`` (from the moment at which a limit was passed to the end of the attempt).
Their tags are ``verdict`` (``SUCCESS``, or that of the failure), ``dag_id`` and ``task_id``.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.errors import AttemptError, SparkGuardError
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.task.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUCCESS: Final = "SUCCESS"
BAD_INPUT: Final = "BAD_INPUT"
ATTEMPTS: Final = "spark_guard.attempts"
ATTEMPT_SECONDS: Final = "spark_guard.attempt_seconds"
DETECTION_SECONDS: Final = "spark_guard.detection_seconds"


def outcome(error: SparkGuardError | None) -> str:
    """The tag ``verdict`` of an attempt that ended with this error; None for a success."""
    if error is None:
        return SUCCESS
    return str(error.verdict) if isinstance(error, AttemptError) else BAD_INPUT


@contextlib.contextmanager
def counting(context: Mapping[str, Any], record: Path | None) -> Iterator[None]:
    """Count the attempt that runs in this context; one that is deferred, or ends in any other way, is not.

    Args:
        context: of the try.
        record: its folder; None without one.
    """
    try:
        yield
    except SparkGuardError as error:
        count(error, context, record)
        raise
    count(None, context, record)


def count(error: SparkGuardError | None, context: Mapping[str, Any], record: Path | None) -> None:
    """Count one attempt. Metrics are a courtesy: nothing is raised.

    Args:
        error: that it ended with; None for a success.
        context: of the try.
        record: its folder, which has the times; None without one.
    """
    with contextlib.suppress(Exception):  # whatever a back end of metrics raises, the job comes first
        _count(outcome(error), task_instance(context), record)


def _count(verdict: str, ti: Any, record: Path | None) -> None:
    from airflow.providers.common.compat.sdk import Stats  # noqa: PLC0415 - no DAG is parsed with it

    tags = {"verdict": verdict}
    if ti is not None:
        tags |= {"dag_id": ti.dag_id, "task_id": ti.task_id}
    Stats.incr(ATTEMPTS, tags=tags)
    for name, seconds in _times(record):
        Stats.timing(name, timedelta(seconds=seconds), tags=tags)


def _times(record: Path | None) -> list[tuple[str, float]]:
    if record is None:
        return []
    summary = read_record(record)
    ended, reached = summary.number("ended_at_s"), summary.number("limit_reached_at_s")
    if ended is None:
        return []
    found = [(ATTEMPT_SECONDS, ended)]
    return found if reached is None else [*found, (DETECTION_SECONDS, max(0.0, ended - reached))]
