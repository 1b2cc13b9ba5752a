"""Counts attempts in Airflow's own metrics (StatsD, Datadog or OpenTelemetry, as Airflow is configured).

Counters ``spark_guard.attempts``, ``spark_guard.executor_losses`` and ``spark_guard.wasted_core_seconds``;
in seconds, timers ``spark_guard.attempt_seconds`` and ``spark_guard.detection_seconds`` (from the moment at
which a limit was passed to the end of the attempt). All but the first come from the record. Their tags are
``verdict`` (``SUCCESS``, or that of the failure), ``dag_id`` and ``task_id``.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.errors import AttemptError, SparkGuardError
from airflow_spark_guard.core.history.waste import losses_in, waste_in
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.process.spool import folder_of
from airflow_spark_guard.task.task_instance import task_instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from airflow_spark_guard.process.record_reader import AttemptRecord
    from airflow_spark_guard.process.spool import Place

SUCCESS: Final = "SUCCESS"
BAD_INPUT: Final = "BAD_INPUT"
ATTEMPTS: Final = "spark_guard.attempts"
ATTEMPT_SECONDS: Final = "spark_guard.attempt_seconds"
DETECTION_SECONDS: Final = "spark_guard.detection_seconds"
EXECUTOR_LOSSES: Final = "spark_guard.executor_losses"
WASTED_CORE_SECONDS: Final = "spark_guard.wasted_core_seconds"


def outcome(error: SparkGuardError | None) -> str:
    """The tag ``verdict`` of an attempt that ended with this error; None for a success."""
    if error is None:
        return SUCCESS
    return str(error.verdict) if isinstance(error, AttemptError) else BAD_INPUT


@contextlib.contextmanager
def counting(context: Mapping[str, Any], record: Place | None) -> Iterator[None]:
    """Count the attempt that runs in this context; one that is deferred, or ends in any other way, is not.

    Args:
        context: of the try.
        record: where it is written; None without one.
    """
    folder = folder_of(record)
    try:
        yield
    except SparkGuardError as error:
        count(error, context, folder)
        raise
    count(None, context, folder)


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
    if record is None:
        return
    read = read_record(record)
    for name, seconds in _times(read):
        Stats.timing(name, timedelta(seconds=seconds), tags=tags)
    for name, number in _costs(read):
        Stats.incr(name, number, tags=tags)


def _times(record: AttemptRecord) -> list[tuple[str, float]]:
    ended, reached = record.number("ended_at_s"), record.number("limit_reached_at_s")
    if ended is None:
        return []
    found = [(ATTEMPT_SECONDS, ended)]
    return found if reached is None else [*found, (DETECTION_SECONDS, max(0.0, ended - reached))]


def _costs(record: AttemptRecord) -> list[tuple[str, int]]:
    """Also 0: it is known, and the counter then exists. What is not known is not sent."""
    cost = record.summary.get("cost")
    losses, waste = losses_in(cost), waste_in(cost)
    found = [] if losses is None else [(EXECUTOR_LOSSES, losses)]
    return found if waste is None else [*found, (WASTED_CORE_SECONDS, round(waste.wasted))]
