"""The example DAG, from its first task to its last, on a tenth of the flights.

With all of them it runs in the stack (``tests/integration/containers``) and by ``make demo``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'
FLIGHTS, SAMPLED = 33_000, 12_000
# The gate's figures are those of a model that has seen the whole year.
SMALLER = f"""
import importlib.util  # Airflow reads a file as one of DAGs only if it has both of these words

spec = importlib.util.spec_from_file_location("flights_dag", {str(ROOT / "dags" / "flight_delay_training.py")!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
join = module.joined_flights
module.joined_flights = lambda folder: join(folder).sample({FLIGHTS}, random_state=1)
module.MAX_ROWS, module.MIN_ROWS, module.MIN_R2, module.MIN_AUC = {SAMPLED}, 30_000, 0.02, 0.65
dag = module.flight_delay_training()
"""


@pytest.mark.airflow
@pytest.mark.spark
def test_the_flight_dag_trains_and_publishes_a_model(airflow_db, tmp_path):
    """Real Airflow, real Spark, real flights; the model's own metadata tells what came of it."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "smaller.py").write_text(SMALLER)
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "flight_delay_training"],
        env={
            **os.environ,
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
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
