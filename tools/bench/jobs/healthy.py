"""A healthy job of half a minute: a Python UDF, a shuffle, and work in the driver, the same each time."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - Spark's own habit

ROUNDS = 6


def main(figures: str) -> None:
    """Work, then write what the driver's Python and our thread in it have used."""
    spark = SparkSession.builder.getOrCreate()

    @F.udf("double")
    def score(x: int) -> float:
        return sum((x * k) % 7 for k in range(30)) / 7.0

    total = 0.0
    for number in range(ROUNDS):
        rows = spark.range(number * 10, 900_000 + number * 10, numPartitions=8)
        grouped = rows.select((F.col("id") % 1000).alias("key"), score("id").alias("score")).groupBy("key")
        total += grouped.agg(F.sum("score").alias("s")).agg(F.avg("s")).first()[0]
    rng = np.random.default_rng(1)
    for _ in range(8):
        total += float(np.linalg.svd(rng.normal(size=(600, 600)), compute_uv=False)[0])
    Path(figures).write_text(
        json.dumps({"driver_peak_mb": peak_mb(), "thread_cpu": guard_cpu(), "total": total})
    )
    spark.stop()


def peak_mb() -> float:
    """Peak resident memory of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def guard_cpu() -> float:
    """CPU seconds of the launcher's thread; 0 without a guard."""
    ours = [thread.native_id for thread in threading.enumerate() if thread.name == "spark-guard"]
    if not ours:
        return 0.0
    fields = Path(f"/proc/self/task/{ours[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(sys.argv[1])
