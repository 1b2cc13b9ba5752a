"""A guarded Spark job with a sensor beside it; a sensor for an application that another system submits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import dag

from airflow_spark_guard import (
    GuardLimits,
    SafeSparkSubmitOperator,
    SparkApplicationSensor,
    SparkExecutorRestartSensor,
)

APPLICATION = Path(__file__).parent / "jobs" / "count_words.py"

JOB_DOC = """
### A job and its sensor

`count` runs a guarded Spark job. `restarts` runs beside it, not after it: it waits in the triggerer, and
fails as soon as an executor of the job is lost. The job itself continues within its own limits: here three
executors may be lost before the guard ends it, while the sensor reports the first.
"""

STREAM_DOC = """
### A streaming application, watched for days

The application is submitted by another system; connection `spark_monitor_default` names the servers to query
about it. The sensor needs no worker slot, and its memory does not grow: it keeps the last 200 losses.
"""


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), tags=["spark", "example"], doc_md=JOB_DOC)
def watched_job() -> None:
    """Two tasks side by side."""
    # [START watched_job]
    SafeSparkSubmitOperator(task_id="count", application=str(APPLICATION), conn_id="spark_default")
    SparkExecutorRestartSensor(task_id="restarts", submitted_by="count", poke_interval=10)
    # [END watched_job]


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), tags=["spark", "example"], doc_md=STREAM_DOC)
def watched_stream() -> None:
    """One sensor for a month."""
    # [START watched_stream]
    SparkApplicationSensor(
        task_id="stream",
        application={"name": "clicks"},
        conn_id="spark_monitor_default",
        limits=GuardLimits(stall_timeout="30m", executor_losses=5, executor_window="1h"),
        poke_interval=60,
        timeout=30 * 24 * 3600,
    )
    # [END watched_stream]


watched_job()
watched_stream()
