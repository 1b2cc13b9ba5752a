"""What ``predict`` takes for a whole table, beside a UDF that asks the model row by row, and its workers."""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from pyspark.sql import functions as sf
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from airflow_spark_guard.job.scoring import predict
from tools.bench.collect import ways
from tools.bench.collect.data import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from tools.bench.collect.data import Data

_TRAINING_ROWS = 20_000
_INTERVAL = 0.1
_COMPARISON = ways.Comparison("predict against a row-at-a-time udf, a linear model", "ours", "udf", bar=3.0)
GROWTH_BAR = 1.1


def measure_speed(data: Data, rows: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Ours over all rows; the UDF over a hundredth, times a hundred."""
    few, fewer = rows // 100, rows // 1000
    model = _fitted(LinearRegression())
    seconds = ways.interleave(
        {
            "ours": lambda: _write(_scored(model, data.plain(rows))),
            "udf": lambda: _write(_by_rows(model, data.plain(few))),
            # What a job takes even for few rows must not be multiplied.
            "udf_start": lambda: _write(_by_rows(model, data.plain(fewer))),
        },
        rounds,
    )
    scale = rows / (few - fewer)
    pairs = zip(seconds["udf"], seconds["udf_start"], strict=True)
    seconds["udf"] = [scale * max(0.001, long - short) for long, short in pairs]
    note = f"theirs: (seconds of {few} rows - those of {fewer}) * {scale:.1f}; udf with useArrow=False"
    return {"predict": {**ways.compare(seconds, _COMPARISON, rows), "note": note}}


def measure_trees(data: Data, rows: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Of a model whose library has threads of its own: the time alone."""
    model = _fitted(HistGradientBoostingRegressor(max_iter=30))
    seconds = ways.interleave({"ours": lambda: _write(_scored(model, data.plain(rows)))}, rounds)["ours"]
    what = "predict with 30 boosted trees, seconds"
    return {"predict_trees": {"what": what, "rows": rows, "ours_s": round(statistics.median(seconds), 3)}}


def measure_growth(data: Data, rows: int, rounds: int) -> dict[str, dict[str, Any]]:
    """The largest worker in the second half of a run over the largest in its first quarter."""
    model = _fitted(LinearRegression())
    _write(_scored(model, data.plain(rows // 100)))  # starts the workers
    runs = [_watched(lambda: _write(_scored(model, data.plain(rows)))) for _ in range(rounds)]
    return {
        "predict_worker_growth": {
            "what": "memory of predict's workers: second half of the run over its first quarter",
            "rows": rows,
            **ways.judged([late / early for late, early in runs], GROWTH_BAR),
            "ours_mb": round(statistics.median(late for late, _ in runs) / 1e6, 1),
            "theirs_mb": round(statistics.median(early for _, early in runs) / 1e6, 1),
            "last_run_over_first": round(runs[-1][0] / runs[0][0], 3),
        }
    }


def _fitted(model: Any) -> Any:
    x = np.random.default_rng(ways.SEED).standard_normal((_TRAINING_ROWS, len(COLUMNS))).astype(np.float32)
    return model.fit(x, 2 * x[:, 0] - x[:, 1])


def _scored(model: Any, frame: DataFrame) -> DataFrame:
    scored: DataFrame = predict(model, frame.select("id", *COLUMNS), COLUMNS)
    return scored


def _by_rows(model: Any, frame: DataFrame) -> DataFrame:
    sent = frame.sparkSession.sparkContext.broadcast(model)

    def score(*values: float) -> float:
        return float(sent.value.predict([values])[0])

    # Pickled, not in Arrow batches: those wait for ever here with Spark 4.2.0.
    by_rows = sf.udf(score, "double", useArrow=False)
    return frame.select("id", *COLUMNS).withColumn("prediction", by_rows(*COLUMNS))


def _write(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _watched(run: Callable[[], None]) -> tuple[int, int]:
    """Bytes of the largest worker late and early in a run."""
    samples: list[tuple[float, int]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_INTERVAL):
            samples.append((time.monotonic(), _largest_worker()))

    thread = threading.Thread(target=watch, daemon=True)
    start = time.monotonic()
    thread.start()
    run()
    length = time.monotonic() - start
    over.set()
    thread.join()
    early = [size for at, size in samples if at <= start + length / 4]
    late = [size for at, size in samples if at > start + length / 2]
    if not early or not late or not max(early):
        raise RuntimeError(f"A run of {length:.1f} s is too short to see its workers: {samples}")
    return max(late), max(early)


def _largest_worker() -> int:
    """Of the processes below this one alone: other sessions may run on this machine."""
    sizes = [0]
    for process in psutil.Process().children(recursive=True):
        try:
            # The daemon bears the same name as the workers that it forks.
            if _is_python(process) and _is_python(process.parent()):
                sizes.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return max(sizes)


def _is_python(process: psutil.Process | None) -> bool:
    return process is not None and "pyspark.daemon" in process.cmdline()
