"""What ``instrument()`` costs a job of many small operations, at each verbosity, against the plain job.

Blocks of the same operations in one session, in random order: the JVM is warm for all of them alike.
"""

from __future__ import annotations

import contextlib
import io
import random
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.automatic.wrapped_job import instrument
from tools.bench.overhead import spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

PLAIN = "plain"
OPERATIONS = 30
BARS: Mapping[str, float] = {"0": 1.001, "1": 1.005, "2": 1.01, "3": 1.02}


def measure(spark: SparkSession, rounds: int) -> dict[str, Any]:
    """Ratios of wall time, block by block of each round.

    Args:
        spark: a session of its own.
        rounds: in each, one block plain and one at each verbosity.
    """
    kinds, order = [PLAIN, *BARS], random.Random(7)  # noqa: S311 - an order, not a secret
    for kind in kinds:
        _block(spark, kind)  # warms code and caches
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in order.sample(kinds, len(kinds)):
            seconds[kind].append(_block(spark, kind))
    ratios = {
        kind: spread([ours / plain for ours, plain in zip(seconds[kind], seconds[PLAIN], strict=True)])
        for kind in BARS
    }
    return {"operations": OPERATIONS, "plain_s": spread(seconds[PLAIN]), "ratios": ratios, "bars": dict(BARS)}


def _block(spark: SparkSession, kind: str) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        if kind == PLAIN:
            return _operations(spark)
        with instrument(spark, verbosity=int(kind)):
            return _operations(spark)


def _operations(spark: SparkSession) -> float:
    from pyspark.sql import functions as sf  # noqa: PLC0415 - as in a job

    plus = sf.udf(lambda value: value + 1, "long")
    begin = time.perf_counter()
    for number in range(OPERATIONS):
        rows = spark.range(2000).withColumn("key", sf.col("id") % (number + 2)).filter("id > 3")
        rows.groupBy("key").count().collect()
        rows.select(plus("id").alias("plus")).agg(sf.sum("plus")).collect()
    return time.perf_counter() - begin
