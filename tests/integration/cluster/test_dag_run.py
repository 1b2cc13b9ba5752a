"""Through real Airflow: a DAG whose task is deferred, its trigger run, and the task resumed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DAG = """
from airflow.sdk import dag, task
from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

@dag(schedule=None)
def deferred():
    job = SafeSparkSubmitOperator(
        task_id="job", application={script!r}, conn_id="spark_cluster", deploy_mode="cluster",
        spark_binary={binary!r}, conf={conf!r}, deferrable=True,
        limits=GuardLimits(deadline="{{{{ 1 }}}}m", poll_interval="200ms"),
    )

    @task
    def told(rows):
        print("TOLD", rows)

    told(job.output)

dag_object = deferred()
if __name__ == "__main__":
    from airflow_spark_guard.triggers import deferral_guard

    deferral_guard.SETTLED = 0.0  # no scheduler is around it
    print("STATE", dag_object.test().state)
"""


def dag_run(stand, text):
    file = stand.folder / "deferred.py"
    conf = {} if stand.is_yarn else {"spark.kubernetes.file.upload.path": "s3a://upload"}
    file.write_text(DAG.format(script=stand.job(text), binary=str(stand.binary), conf=conf))
    env = {**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(stand.folder)}
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=240, env=env)
    return done.stdout + done.stderr


def test_a_deferred_task_hands_its_result_to_the_next(stand):
    """As an XCom."""
    said = dag_run(stand, "from airflow_spark_guard.job import report\nreport({'rows': 3})")
    assert "STATE success" in said, said[-5000:]
    assert "TOLD {'rows': 3}" in said


def test_a_deferred_task_fails_with_the_scripts_own_error(yarn_stand):
    """And is not retried: the same input fails at the same line."""
    said = dag_run(yarn_stand, "raise ValueError('no rows')")
    assert "STATE failed" in said, said[-5000:]
    assert "The application raised ValueError: no rows" in said


@pytest.fixture(autouse=True)
def _database(airflow_db):
    """Airflow's own."""
