"""Healthy by itself: tasks of a second each; what happens to it comes from outside.   steady.py TASKS"""

import sys
import time

from pyspark.sql import SparkSession

from airflow_spark_guard.job import report

spark = SparkSession.builder.appName("steady").getOrCreate()


def work(rows):
    time.sleep(1.0)
    return [sum(rows)]


report({"sum": spark.sparkContext.range(0, 1000, 1, int(sys.argv[1])).mapPartitions(work).sum()})
