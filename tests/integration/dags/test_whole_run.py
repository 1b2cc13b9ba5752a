"""The example DAG, from its first task to its last, as ``make demo`` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'


@pytest.mark.airflow
@pytest.mark.spark
def test_the_flight_dag_trains_and_publishes_a_model(airflow_db, tmp_path):
    """Real Airflow, real Spark, all flights; the model's own metadata tells what came of it."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "flight_delay_training"],
        env={
            **os.environ,
            "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION,
            "AIRFLOW_VAR_FLIGHT_DELAY_FOLDER": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=1500,  # only a hang can miss it
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    current = tmp_path / "models" / "current"
    metadata = json.loads((current / "metadata.json").read_text())
    metrics = metadata["metrics"]
    assert metrics["mae"] < 0.95 * metrics["baseline_mae"]
    assert min(metrics["r2"], metrics["holdout_r2"]) >= 0.20
    assert min(metrics["auc"], metrics["holdout_auc"]) >= 0.77
    assert metadata["sample"]["rows_taken"] == 200_000
    assert (current / metadata["model"]["file"]).stat().st_size == metadata["model"]["bytes"]
    assert "Finished after" in done.stdout
    assert "no processes left" in done.stdout
