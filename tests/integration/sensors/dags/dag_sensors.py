"""Sensors on an application of somebody else's; which one, the run's conf says."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_spark_guard import GuardLimits, SparkApplicationSensor, SparkExecutorRestartSensor

APPLICATION = {
    name: f"{{{{ dag_run.conf.get('{name}', '') }}}}"
    for name in ("application_id", "name", "driver_ui", "master", "master_ui", "history_server")
}
LIMITS = GuardLimits(end_timeout="20s", start_timeout="30s", stall_timeout="30s", poll_interval="2s")
COMMON = {
    "application": APPLICATION,
    "limits": LIMITS,
    "poke_interval": 2,
    "retries": 2,
    "retry_delay": timedelta(seconds=1),
}

with DAG("sensors", schedule=None, max_active_runs=8):
    SparkExecutorRestartSensor(task_id="poke", mode="poke", **COMMON)
    # Airflow's scheduler takes a task for dead that comes back within a few seconds.
    SparkExecutorRestartSensor(task_id="reschedule", mode="reschedule", **{**COMMON, "poke_interval": 15})
    SparkExecutorRestartSensor(task_id="deferred", **COMMON)

with DAG("application", schedule=None, max_active_runs=8):
    SparkApplicationSensor(task_id="deferred", **COMMON)

with DAG("killing", schedule=None, max_active_runs=8):
    SparkExecutorRestartSensor(task_id="deferred", on_restart="kill", **COMMON)
