"""A job that uses all of the job's side, on whatever Spark and Python run it."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from airflow_spark_guard.job import collect_sample, report

spark = SparkSession.builder.getOrCreate()


@sf.udf("double")
def half(x: float) -> float:
    """Through a Python worker."""
    return x / 2


df = spark.range(5000).select(
    sf.col("id").cast("double").alias("a"), half("id").alias("b"), (sf.col("id") % 7).alias("y")
)
sample = collect_sample(df, ["a", "b"], "y", max_rows=1000, seed=3)
report(rows=sample.report.rows_taken)
report(
    {
        "spark": spark.version,
        "python": sys.version.split()[0],
        "shape": list(sample.X.shape),
        "total": sample.report.rows_total,
    }
)
