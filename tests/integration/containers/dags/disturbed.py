"""A steady job to which something happens, and the sensor beside it; how much it may lose, the run's conf says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator, SparkExecutorRestartSensor

QUICK = {
    "spark.network.timeout": "20s",
    "spark.network.timeoutInterval": "5s",
    "spark.executor.heartbeatInterval": "2s",
}

with DAG("disturbed", schedule=None, max_active_runs=4):
    SafeSparkSubmitOperator(
        task_id="job",
        application=str(Path(__file__).parent / "jobs" / "steady.py"),
        application_args=["{{ dag_run.conf['tasks'] }}"],
        conf=QUICK,
        limits=GuardLimits(
            executor_losses="{{ dag_run.conf['losses'] }}", poll_interval="5s", deadline="10m"
        ),
        retries=1,
        retry_delay=timedelta(seconds=1),
    )
    SparkExecutorRestartSensor(task_id="restarts", submitted_by="job", poke_interval=5)
