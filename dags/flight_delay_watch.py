"""A sensor beside the daily training: reports executors that restart while the training continues."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag

from airflow_spark_guard import GuardLimits, SparkExecutorRestartSensor

DOC = """
### Does the training lose executors?

`restarts` waits in the triggerer for the application `train_flight_delay` of the same day, and fails as soon
as one of its executors is lost: it names executor, host, time and reason. The training has its own limits and
may survive. The application is found by its name on the master of connection `spark_monitor_default`; the
history server of that connection shows how it ended.

This is a separate DAG, because a failed sensor in the training's DAG would make its runs fail as well.
"""


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["spark", "training", "example"],
    doc_md=DOC,
)
def flight_delay_watch() -> None:
    """One sensor."""
    # [START flight_delay_watch]
    SparkExecutorRestartSensor(
        task_id="restarts",
        application={"name": "train_flight_delay"},
        conn_id="spark_monitor_default",
        limits=GuardLimits(start_timeout="30m"),
        poke_interval=10,
    )
    # [END flight_delay_watch]


flight_delay_watch()
