"""What small Python buffers and small Arrow batches cost a healthy job.

One ``local[2]`` session runs ``range -> trivial UDF -> noop sink`` for every kind of UDF and every setting,
in rounds whose order is shuffled with a fixed seed. Only ratios to Spark's own setting are given: the
machine's other load falls on all settings alike.

Usage: ``python -m tools.bench.udf --rounds 10 --rows 1000000 > result.json``
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

BUFFER_KEYS = ("spark.sql.execution.python.udf.buffer.size", "spark.sql.execution.pandas.udf.buffer.size")
BATCH_KEY = "spark.sql.execution.arrow.maxRecordsPerBatch"
ARROW_UDF_KEY = "spark.sql.execution.pythonUDF.arrow.enabled"
SPARK_BUFFER, SPARK_BATCH, SMALL_BUFFER = 65536, 10_000, 4096
BUFFERS = (1024, 2048, SMALL_BUFFER, 8192, SPARK_BUFFER)
BATCHES = (100, 500, 1000, 2000, 5000)
ARROW_KINDS = ("arrow_udf", "pandas_udf", "mapInPandas")
SEED = 20250101

Case = tuple[str, int, int]  # kind, buffer in bytes, rows of an Arrow batch


def cases() -> list[Case]:
    """Every buffer at Spark's batch for every kind; every batch at the small buffer for the Arrow kinds."""
    rows = [(kind, size, SPARK_BATCH) for kind in ("pickled_udf", *ARROW_KINDS) for size in BUFFERS]
    return rows + [(kind, SMALL_BUFFER, batch) for kind in ARROW_KINDS for batch in BATCHES]


def queries() -> dict[str, Callable[[DataFrame], DataFrame]]:
    """By kind: the column ``id`` plus one."""
    import pandas as pd  # noqa: PLC0415 - pandas and Spark are needed for a run only
    from pyspark.sql.functions import pandas_udf, udf  # noqa: PLC0415 - the same

    def add(column: pd.Series) -> pd.Series:
        return column + 1

    # Spark reads the kind of a pandas_udf from its types, and cannot resolve a name local to this function.
    add.__annotations__ = {"column": pd.Series, "return": pd.Series}

    def grow(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield batch + 1

    plain = udf(lambda value: value + 1, "long")
    vector = pandas_udf(add, "long")
    return {
        "pickled_udf": lambda frame: frame.select(plain("id")),
        "arrow_udf": lambda frame: frame.select(plain("id")),
        "pandas_udf": lambda frame: frame.select(vector("id")),
        "mapInPandas": lambda frame: frame.mapInPandas(grow, "id long"),
    }


def start_session() -> SparkSession:
    """A ``local[2]`` session without a UI, whose workers are this interpreter."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession  # noqa: PLC0415 - reads the environment when imported

    builder = SparkSession.builder.master("local[2]").appName("bench_udf").config("spark.ui.enabled", "false")
    return builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()


def run_once(spark: SparkSession, case: Case, rows: int, query: Callable[[DataFrame], DataFrame]) -> float:
    """Seconds of one run."""
    kind, buffer, batch = case
    spark.conf.set(ARROW_UDF_KEY, str(kind == "arrow_udf").lower())
    for key in BUFFER_KEYS:
        spark.conf.set(key, str(buffer))
    spark.conf.set(BATCH_KEY, str(batch))
    frame = query(spark.range(0, rows, 1, 2))
    start = time.perf_counter()
    frame.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - start


def summary(seconds: dict[Case, list[float]]) -> list[dict[str, Any]]:
    """One row per case: best and median, in seconds and as a ratio to Spark's own setting of that kind."""
    rows = []
    for case, values in seconds.items():
        own = seconds[case[0], SPARK_BUFFER, SPARK_BATCH]
        best, median = min(values), statistics.median(values)
        rows.append(
            {
                "kind": case[0],
                "buffer": case[1],
                "batch": case[2],
                "best_s": round(best, 3),
                "median_s": round(median, 3),
                "best_ratio": round(best / min(own), 3),
                "median_ratio": round(median / statistics.median(own), 3),
            }
        )
    return rows


def measure(rounds: int, rows: int) -> dict[str, Any]:
    """Run every case ``rounds`` times over ``rows`` rows, after one warm-up round.

    Returns:
        ``rounds``, ``rows``, ``spark`` (version) and ``cases`` (see :func:`summary`).
    """
    spark = start_session()
    order, by_kind = cases(), queries()
    shuffle = random.Random(SEED).shuffle  # noqa: S311 - an order, not a secret
    seconds: dict[Case, list[float]] = defaultdict(list)
    try:
        for case in order:
            seconds[case] = []
            run_once(spark, case, rows // 10, by_kind[case[0]])
        for number in range(rounds):
            turn = list(order)
            shuffle(turn)
            for case in turn:
                seconds[case].append(run_once(spark, case, rows, by_kind[case[0]]))
            print(f"round {number + 1} of {rounds} done", file=sys.stderr)
        return {"rounds": rounds, "rows": rows, "spark": spark.version, "cases": summary(seconds)}
    finally:
        spark.stop()


def main() -> None:
    """Print the measurement as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.udf", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    print(json.dumps(measure(options.rounds, options.rows), indent=1))


if __name__ == "__main__":
    main()
