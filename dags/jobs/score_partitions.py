"""Scores rows with a model, twice: with a function that captures the whole object, and with a broadcast.

The first way sends the model with the function: ``verbosity=1`` warns of it and names ``self.model``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import SparkSession

from airflow_spark_guard.job import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyspark import RDD
    from pyspark.sql import Row

WEIGHTS = 500_000  # 4 MB


class Classifier:
    """A model of one weight for each bucket."""

    def __init__(self) -> None:
        self.model = np.linspace(0.0, 1.0, WEIGHTS)
        self.scale = 10.0

    def score_with_self(self, rdd: RDD[Row]) -> float:
        """Before: ``self`` in the function, so that all of it is sent."""

        def score(rows: Iterable[Row]) -> Iterator[float]:
            for row in rows:
                yield float(self.model[row.id % WEIGHTS]) * self.scale

        return rdd.mapPartitions(score).sum()

    def score_with_broadcast(self, rdd: RDD[Row], spark: SparkSession) -> float:
        """After: the model once for each executor, and the number as a local name."""
        model, scale = spark.sparkContext.broadcast(self.model), self.scale

        def score(rows: Iterable[Row]) -> Iterator[float]:
            weights = model.value
            for row in rows:
                yield float(weights[row.id % WEIGHTS]) * scale

        return rdd.mapPartitions(score).sum()


def main() -> None:
    """Score both ways; the sums are equal."""
    spark = SparkSession.builder.getOrCreate()
    rows = spark.range(100_000).rdd
    before = Classifier().score_with_self(rows)
    after = Classifier().score_with_broadcast(rows, spark)
    report({"before": round(before, 3), "after": round(after, 3)})
    spark.stop()


if __name__ == "__main__":
    main()
