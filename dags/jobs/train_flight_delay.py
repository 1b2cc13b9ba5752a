"""Train a model of departure delays on a uniform sample of flights, save it, and score every flight with it.

Plain PySpark and scikit-learn. Under Airflow the figures reach the task log and XCom; without it::

    spark-submit train_flight_delay.py --flights FOLDER_OF_PARQUET --candidate FOLDER --scores FOLDER

Only what is known before departure is used. The weather is that of the scheduled hour at the airport, which
stands in for a forecast. Whole days are held out, never single flights: flights of one hour share their
weather, so a random split would let the model recognise the day and report an error it cannot keep.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before scikit-learn loads OpenMP: its threads otherwise spin while they wait, and on a machine shared with
# Spark's executors a fit of seconds was seen to take a minute.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pyspark
import sklearn
import skops
import skops.io
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, cross_val_predict

from airflow_spark_guard.job import Sample, collect_sample, predict, report, spark_parallel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

CATEGORIES = ("carrier", "origin", "dest")
NUMBERS = (
    "month",
    "day_of_week",
    "hour",
    "minute",
    "distance",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    "plane_age",
    "seats",
    "engines",
)
FEATURES = (*NUMBERS, *CATEGORIES)
# What makes a flight this flight: the sample is the same however the files are split.
KEY = ("month", "day", "carrier", "flight", "sched_dep_time", "origin")
# Collected beside the features, to hold out whole days; the model never sees it.
GROUP = "day_of_year"
TARGET = "dep_delay"
PREDICTED = "predicted_delay"
FOLDS = 3


@dataclass(frozen=True)
class Scores:
    """Errors on held-out days, in minutes, of the model and of the best constant (the median)."""

    mae: float
    baseline_mae: float
    r2: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, sample, compare, validate, fit, save, score, report."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    spark = SparkSession.builder.appName("train_flight_delay").getOrCreate()
    flights = known_before_departure(spark.read.parquet(options.flights))
    report(step="sample", max_rows=options.max_rows)
    sample = take_sample(flights, options.max_rows, options.seed)
    compared = sample.report.representativeness(flights)
    report(step="sampled", rows=sample.report.rows_taken, verdict=compared.verdict)

    sampled = time.monotonic()
    model, scores, holdout = train(sample, options.seed, spark if options.folds_on == "executors" else None)
    fitted = time.monotonic()
    rows_scored = score_all(model, flights, sample, options.scores) if options.scores else 0
    spark.stop()
    result = {
        "rows_total": sample.report.rows_total,
        "rows_sampled": sample.report.rows_taken,
        "rows_scored": rows_scored,
        "sample_stands": compared.stands,
        "baseline_mae": scores.baseline_mae,
        "mae": scores.mae,
        "r2": scores.r2,
        "holdout_baseline_mae": holdout.baseline_mae,
        "holdout_mae": holdout.mae,
        "seconds": {
            "read_and_sample": round(sampled - started, 2),
            "fit": round(fitted - sampled, 2),
            "score": round(time.monotonic() - fitted, 2),
        },
        "candidate": options.candidate,
        "scores": options.scores,
    }
    save(Path(options.candidate), model, describe(sample, result, options.seed))
    report(result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train a model of departure delays.")
    parser.add_argument("--flights", required=True, help="folder of parquet files, readable by Spark")
    parser.add_argument("--candidate", required=True, help="local folder for the model and its metadata")
    parser.add_argument("--scores", help="folder for every flight's predicted delay, written by Spark")
    parser.add_argument("--max-rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=20130101)
    parser.add_argument("--folds-on", choices=("driver", "executors"), default="driver")
    return parser


def known_before_departure(flights: DataFrame) -> DataFrame:
    """Rows whose delay is known, with what is known before departure, the key and the answer."""
    flights = flights.where(sf.col(TARGET).isNotNull()).withColumns(
        {
            "date": sf.expr("make_date(year, month, day)"),
            "plane_age": sf.expr("year - plane_year"),
        }
    )
    flights = flights.withColumns({"day_of_week": sf.dayofweek("date"), GROUP: sf.dayofyear("date")})
    return flights.select(*dict.fromkeys((*FEATURES, GROUP, *KEY, TARGET)))


# [START flight_delay_sample]
def take_sample(flights: DataFrame, max_rows: int, seed: int) -> Sample:
    """The same flights in the same order, wherever they lie; carriers and airports as codes."""
    return collect_sample(
        flights, [*FEATURES, GROUP], TARGET, max_rows=max_rows, key=KEY, seed=seed, nulls="nan"
    )


# [END flight_delay_sample]


# [START flight_delay_score]
def score_all(model: HistGradientBoostingRegressor, flights: DataFrame, sample: Sample, folder: str) -> int:
    """Write the predicted delay of every flight, computed on the executors; how many there are."""
    scored = predict(model, flights, FEATURES, output=PREDICTED, categorical=texts(sample))
    scored.select(*KEY, TARGET, PREDICTED).write.mode("overwrite").parquet(folder)
    return int(flights.sparkSession.read.parquet(folder).where(sf.col(PREDICTED).isNotNull()).count())


# [END flight_delay_score]


def texts(sample: Sample) -> dict[str, tuple[str, ...]]:
    """The text behind each code, for the columns that the model sees."""
    return {name: sample.report.categories[name] for name in CATEGORIES}


def train(
    sample: Sample, seed: int, executors: SparkSession | None
) -> tuple[HistGradientBoostingRegressor, Scores, Scores]:
    """The model fitted on all rows, its cross-validated scores, and those on days nobody looked at."""
    x, y, days = np.ascontiguousarray(sample.X[:, :-1]), sample.y, sample.X[:, -1]
    seen, held_out = next(GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(x, y, days))
    scores = cross_validate(x[seen], y[seen], days[seen], seed, executors)
    model = new_model(seed).fit(x[seen], y[seen])
    holdout = score(y[held_out], model.predict(x[held_out]), np.full(len(held_out), np.median(y[seen])))
    report(step="held-out days", mae=holdout.mae, baseline_mae=holdout.baseline_mae)
    return new_model(seed).fit(x, y), scores, holdout


def cross_validate(
    x: np.ndarray, y: np.ndarray, days: np.ndarray, seed: int, executors: SparkSession | None = None
) -> Scores:
    """Each row is predicted once, by a model that saw no flight of its day: here, or on the executors."""
    folds = list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(x, y, days))
    constant = np.empty_like(y)
    with nullcontext((x, y)) if executors is None else spark_parallel(executors, x, y) as (x_here, y_here):
        predicted = cross_val_predict(new_model(seed), x_here, y_here, cv=folds)
    for fold, (seen, held_out) in enumerate(folds, start=1):
        constant[held_out] = np.median(y[seen])
        scores = score(y[held_out], predicted[held_out], constant[held_out])
        report(fold=fold, of=FOLDS, mae=scores.mae, baseline_mae=scores.baseline_mae)
    return score(y, predicted, constant)


def new_model(seed: int) -> HistGradientBoostingRegressor:
    """Unfitted. Early stopping is off, since its own random split would mix days."""
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        learning_rate=0.1,
        max_iter=100,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=seed,
    )


def score(y: np.ndarray, predicted: np.ndarray, constant: np.ndarray) -> Scores:
    """Errors in minutes, rounded to what four digits can carry."""
    return Scores(
        mae=round(float(mean_absolute_error(y, predicted)), 4),
        baseline_mae=round(float(mean_absolute_error(y, constant)), 4),
        r2=round(float(r2_score(y, predicted)), 4),
    )


def describe(sample: Sample, result: dict[str, Any], seed: int) -> dict[str, Any]:
    """What a reader of the model must know: input columns in order, codes, figures, versions."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": {"name": TARGET, "unit": "minutes"},
        "schema": [{"name": name, "dtype": str(sample.X.dtype), "null": "NaN"} for name in FEATURES],
        "categories": {name: list(known) for name, known in texts(sample).items()},
        "metrics": {name: result[name] for name in result if name.endswith(("mae", "r2"))},
        "validation": f"{FOLDS} folds of whole days, and a fifth of the days held out of them",
        "sample": sample.report.as_dict(),
        "seed": seed,
        "versions": {module.__name__: module.__version__ for module in (np, pyspark, sklearn, skops)},
    }


def save(folder: Path, model: HistGradientBoostingRegressor, metadata: dict[str, Any]) -> None:
    """``model.skops``, then ``metadata.json`` with its digest: without the second, it is incomplete."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").unlink(missing_ok=True)
    model_file = folder / "model.skops"
    skops.io.dump(model, model_file, compression=8, compresslevel=6)
    digest = hashlib.sha256(model_file.read_bytes()).hexdigest()
    metadata["model"] = {"file": model_file.name, "sha256": digest, "bytes": model_file.stat().st_size}
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n")


if __name__ == "__main__":
    main()
