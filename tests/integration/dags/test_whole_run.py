"""The example DAG, from its first task to its last, on a tenth of the flights.

With all of them it runs in the stack (``tests/integration/containers``) and by ``make demo``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'
FLIGHTS, SAMPLED = 33_000, 12_000
# The gate's figures are those of a model that has seen the whole year.
SMALLER = {
    "MAX_ROWS = 200_000": f"MAX_ROWS = {SAMPLED}",
    "MIN_ROWS = 320_000": "MIN_ROWS = 30_000",
    "MIN_R2 = 0.20": "MIN_R2 = 0.02",
    "MIN_AUC = 0.77": "MIN_AUC = 0.65",
    "    return joined.merge(": f"    joined = joined.sample({FLIGHTS}, random_state=1)\n    return joined.merge(",
}


def smaller_dag(folder):
    """The DAG's own file with other figures, and the job that it submits, in a folder for DAGs."""
    shutil.copytree(ROOT / "dags" / "jobs", folder / "jobs")
    text = (ROOT / "dags" / "flight_delay_training.py").read_text()
    for line, other in SMALLER.items():
        assert text.count(line) == 1, line
        text = text.replace(line, other)
    (folder / "flight_delay_training.py").write_text(text)
    return folder


@pytest.mark.airflow
@pytest.mark.spark
def test_the_flight_dag_trains_and_publishes_a_model(airflow_db, tmp_path):
    """Real Airflow, real Spark, real flights; the model's own metadata tells what came of it."""
    dags = smaller_dag(tmp_path / "dags")
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "flight_delay_training"],
        env={
            **os.environ,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
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
    assert metrics["mae"] < metrics["baseline_mae"]
    assert metadata["sample"]["rows_taken"] == SAMPLED
    assert (current / metadata["model"]["file"]).stat().st_size == metadata["model"]["bytes"]
    assert "Finished after" in done.stdout
    assert "no processes left" in done.stdout
