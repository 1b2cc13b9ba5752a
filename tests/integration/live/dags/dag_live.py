"""A job that hangs in its task, and a DAG of another user."""

from __future__ import annotations

from pathlib import Path

from airflow.sdk import dag

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

SCRIPT = str(Path(__file__).parent / "hung_job.py")
LIMITS = GuardLimits(deadline="20m", stall_timeout="15m", poll_interval="2s")


@dag(schedule=None, default_args={"retries": 2})
def mine():
    """Its one job hangs."""
    SafeSparkSubmitOperator(task_id="hung", application=SCRIPT, limits=LIMITS)


mine()
