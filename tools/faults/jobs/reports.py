"""What a job reports at its end: ``reports.py WHAT MOMENT``. All of it is healthy."""

import sys

import numpy as np
from pyspark.sql import SparkSession

from airflow_spark_guard.job import report

what = sys.argv[1]


def metrics():
    """As many as a loop over rows makes, and then the result."""
    for number in range(300_000):
        report(row=number)
    report({"rows": 300_000})


def numpy():
    """What scikit-learn and numpy give: scalars that are no Python numbers."""
    report(mae=np.float32(1.5), rows=np.int64(3), better=np.bool_(True), score=np.array(0.5))  # noqa: FBT003
    report({"mae": np.float32(1.5), "rows": np.int64(3)})


spark = SparkSession.builder.getOrCreate()
spark.range(100).count()
{"metrics": metrics, "numpy": numpy}[what]()
