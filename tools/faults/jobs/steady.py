# ruff: noqa: PTH110, PTH123 - small scripts as users write them
"""Healthy by itself: tasks of a second each; what happens to it comes from outside.

    steady.py MOMENT TASKS

MOMENT is written when the first task runs.
"""

import os
import sys
import time

from pyspark.sql import SparkSession

moment, tasks = sys.argv[1], int(sys.argv[2])


def work(rows):
    if not os.path.exists(moment):
        with open(moment, "w") as file:
            file.write(str(time.time()))
    time.sleep(1.0)
    return [sum(rows)]


spark = SparkSession.builder.getOrCreate()
print("sum", spark.sparkContext.range(0, 1000, 1, tasks).mapPartitions(work).sum())
