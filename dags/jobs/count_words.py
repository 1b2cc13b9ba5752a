"""Counts words on Spark, slowly enough to be watched: spark-submit count_words.py."""

from __future__ import annotations

import time

from pyspark.sql import SparkSession

from airflow_spark_guard.job import report

TEXT = "a job that is watched is a job that users trust"
PARTITIONS, PAUSE = 8, 3.0


def words(_: int) -> list[tuple[str, int]]:
    """What one task counts."""
    time.sleep(PAUSE)
    return [(word, 1) for word in TEXT.split()]


def main() -> None:
    """Count, and report the result to the task."""
    spark = SparkSession.builder.appName("count words").getOrCreate()
    pairs = spark.sparkContext.parallelize(range(PARTITIONS), PARTITIONS).flatMap(words)
    report(dict(pairs.reduceByKey(lambda one, other: one + other).collect()))
    spark.stop()


if __name__ == "__main__":
    main()
