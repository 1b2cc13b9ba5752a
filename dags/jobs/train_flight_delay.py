"""Train two models of departure delays on a uniform sample of flights, save them, and score every flight.

Plain PySpark and scikit-learn. Under Airflow the figures reach the task log and XCom; without Airflow run::

    spark-submit train_flight_delay.py --flights FOLDER_OF_PARQUET --candidate FOLDER --scores FOLDER

The features use only data that is known one hour before the scheduled departure; ``recent_delays.py`` derives
them from earlier flights. Whole days are held out, never single flights: flights of one hour share weather
and queues, so after a random split a model would recognise the day, and its error would be too optimistic.

Delays have a long tail, so there are two models: ``predicted_delay`` is the typical delay, a median, measured
by its absolute error; ``expected_delay`` is a mean, measured by R2 and by how it ranks flights (AUC).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Set before scikit-learn loads OpenMP: otherwise its threads spin while they wait, and on a machine shared
# with Spark's executors a fit took a minute instead of seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pyspark
import sklearn
import skops
import skops.io
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf
from recent_delays import RECENT, with_recent_delays
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, cross_val_predict

from airflow_spark_guard.job import Sample, collect_sample, predict, report, spark_parallel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
FEATURES = (*NUMBERS, *RECENT, *CATEGORIES)
# Identifies a flight: the sample does not depend on how the files are split.
KEY = ("month", "day", "carrier", "flight", "sched_dep_time", "origin")
# Collected with the features, to hold out whole days; the model never sees it.
GROUP = "day_of_year"
TARGET = "dep_delay"
PREDICTED, EXPECTED = "predicted_delay", "expected_delay"
LOSSES = {PREDICTED: "absolute_error", EXPECTED: "squared_error"}
# In minutes. A flight is late from LATE on. Training caps delays at MOST, since the squares of a few delays
# of half a day outweigh thousands of flights; the figures use the actual delays.
LATE, MOST = 15, 120
FOLDS = 3
Models = dict[str, HistGradientBoostingRegressor]


@dataclass(frozen=True)
class Scores:
    """Figures of held-out days. Both MAE in minutes; the baseline is the best constant, the median."""

    mae: float
    baseline_mae: float
    r2: float
    auc: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, sample, compare, validate, fit, save, score, report."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    spark = SparkSession.builder.appName("train_flight_delay").getOrCreate()
    # Kept in a few large partitions: each of Spark's 200 after a window would start a Python worker's task.
    partitions = 2 * spark.sparkContext.defaultParallelism
    flights = known_before_departure(spark.read.parquet(options.flights)).coalesce(partitions).cache()
    report(step="sample", max_rows=options.max_rows)
    sample = take_sample(flights, options.max_rows, options.seed)
    compared = sample.report.representativeness(flights)
    report(step="sampled", rows=sample.report.rows_taken, verdict=compared.verdict)

    sampled = time.monotonic()
    models, scores, holdout = train(sample, options.seed, spark if options.folds_on == "executors" else None)
    fitted = time.monotonic()
    rows_scored = score_all(models, flights, sample, options.scores) if options.scores else 0
    spark.stop()
    result = {
        "rows_total": sample.report.rows_total,
        "rows_sampled": sample.report.rows_taken,
        "rows_scored": rows_scored,
        "sample_stands": compared.stands,
        **asdict(scores),
        **{f"holdout_{name}": figure for name, figure in asdict(holdout).items()},
        "seconds": {
            "read_and_sample": round(sampled - started, 2),
            "fit": round(fitted - sampled, 2),
            "score": round(time.monotonic() - fitted, 2),
        },
        "candidate": options.candidate,
        "scores": options.scores,
    }
    save(Path(options.candidate), models, describe(sample, result, options.seed))
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
    """Rows with a known delay: the features known an hour before departure, the key and the delay."""
    date = sf.make_date("year", "month", "day")
    # Cancelled flights are dropped last: they were in the queues of the others.
    flights = with_recent_delays(flights).where(sf.col(TARGET).isNotNull())
    flights = flights.withColumns(
        {
            "plane_age": sf.col("year") - sf.col("plane_year"),
            "day_of_week": sf.dayofweek(date),
            GROUP: sf.dayofyear(date),
        }
    )
    return flights.select(*dict.fromkeys((*FEATURES, GROUP, *KEY, TARGET)))


# [START flight_delay_sample]
def take_sample(flights: DataFrame, max_rows: int, seed: int) -> Sample:
    """A sample independent of how the rows are stored; carriers and airports as codes."""
    return collect_sample(
        flights, [*FEATURES, GROUP], TARGET, max_rows=max_rows, key=KEY, seed=seed, nulls="nan"
    )


# [END flight_delay_sample]


# [START flight_delay_score]
def score_all(models: Models, flights: DataFrame, sample: Sample, folder: str) -> int:
    """Write both predictions for every flight, computed on the executors; returns the number of flights."""
    scored = flights
    for name, model in models.items():
        scored = predict(model, scored, FEATURES, output=name, categorical=texts(sample))
    scored.select(*KEY, TARGET, *models).write.mode("overwrite").parquet(folder)
    return int(flights.sparkSession.read.parquet(folder).dropna(subset=list(models)).count())


# [END flight_delay_score]


def texts(sample: Sample) -> dict[str, tuple[str, ...]]:
    """The text for each code, by column, for the models' text columns."""
    return {name: sample.report.categories[name] for name in CATEGORIES}


def train(sample: Sample, seed: int, executors: SparkSession | None) -> tuple[Models, Scores, Scores]:
    """Models of all rows, cross-validated figures, and figures of days that cross-validation never saw."""
    x, y, days = np.ascontiguousarray(sample.X[:, :-1]), sample.y, sample.X[:, -1]
    seen, held_out = next(GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(x, y, days))
    scores = cross_validate(x[seen], y[seen], days[seen], seed, executors)
    predicted = {name: model.predict(x[held_out]) for name, model in fit(x[seen], y[seen], seed).items()}
    holdout = score(y[held_out], predicted, np.full(len(held_out), np.median(y[seen])))
    report(step="held-out days", **asdict(holdout))
    return fit(x, y, seed), scores, holdout


def cross_validate(
    x: np.ndarray, y: np.ndarray, days: np.ndarray, seed: int, executors: SparkSession | None = None
) -> Scores:
    """Predict each row once, with models that saw no flight of its day, here or on the executors."""
    folds = list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(x, y, days))
    constant = np.empty_like(y)
    target = np.minimum(y, MOST)
    shared = nullcontext((x, target)) if executors is None else spark_parallel(executors, x, target)
    with shared as (x_here, y_here):
        predicted = {
            name: cross_val_predict(new_model(loss, seed), x_here, y_here, cv=folds)
            for name, loss in LOSSES.items()
        }
    for fold, (seen, held_out) in enumerate(folds, start=1):
        constant[held_out] = np.median(y[seen])
        here = {name: values[held_out] for name, values in predicted.items()}
        report(fold=fold, of=FOLDS, **asdict(score(y[held_out], here, constant[held_out])))
    return score(y, predicted, constant)


def fit(x: np.ndarray, y: np.ndarray, seed: int) -> Models:
    """One model for each loss."""
    return {name: new_model(loss, seed).fit(x, np.minimum(y, MOST)) for name, loss in LOSSES.items()}


def new_model(loss: str, seed: int) -> HistGradientBoostingRegressor:
    """Unfitted. Early stopping is off, since its own random split would mix days."""
    return HistGradientBoostingRegressor(
        loss=loss,
        learning_rate=0.2,
        max_iter=50,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=seed,
    )


def score(y: np.ndarray, predicted: Mapping[str, np.ndarray], constant: np.ndarray) -> Scores:
    """Figures of rows that no model saw, rounded to four decimals."""
    figures = (
        mean_absolute_error(y, predicted[PREDICTED]),
        mean_absolute_error(y, constant),
        r2_score(y, predicted[EXPECTED]),
        roc_auc_score(y >= LATE, predicted[EXPECTED]),
    )
    return Scores(*(round(float(figure), 4) for figure in figures))


def describe(sample: Sample, result: dict[str, Any], seed: int) -> dict[str, Any]:
    """The model's metadata: input columns in order, codes, figures, versions."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": {"name": TARGET, "unit": "minutes", "loss": LOSSES, "late": LATE, "most": MOST},
        "schema": [{"name": name, "dtype": str(sample.X.dtype), "null": "NaN"} for name in FEATURES],
        "categories": {name: list(known) for name, known in texts(sample).items()},
        "metrics": {name: result[name] for name in result if name.endswith(("mae", "r2", "auc"))},
        "validation": f"{FOLDS} folds of whole days, and a fifth of the days held out of them",
        "sample": sample.report.as_dict(),
        "seed": seed,
        "versions": {module.__name__: module.__version__ for module in (np, pyspark, sklearn, skops)},
    }


def save(folder: Path, models: Models, metadata: dict[str, Any]) -> None:
    """Write ``model.skops``, a dict of both models, and last ``metadata.json`` with its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").unlink(missing_ok=True)
    model_file = folder / "model.skops"
    skops.io.dump(models, model_file, compression=8, compresslevel=6)
    digest = hashlib.sha256(model_file.read_bytes()).hexdigest()
    metadata["model"] = {"file": model_file.name, "sha256": digest, "bytes": model_file.stat().st_size}
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n")


if __name__ == "__main__":
    main()
