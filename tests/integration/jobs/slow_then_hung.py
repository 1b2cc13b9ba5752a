"""A slow UDF with heartbeats (2 ms a row until a file exists), then, with a word in between, one that hangs."""

import os
import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from airflow_spark_guard.job import heartbeat, report

rows, enough = int(sys.argv[1]), sys.argv[2]
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setJobGroup("mine", "of the script")


@udf("long")
def slow(x):
    if not os.path.exists(enough):
        time.sleep(0.002)
    if x % 2:
        heartbeat("by reference", done=x)
    else:
        from airflow_spark_guard.job import heartbeat as beat

        beat("in the body")
    return x


@udf("long")
def hang(x):
    if x >= 700:
        threading.Event().wait()
    return x


def write(column):
    spark.range(0, rows, 1, 1).select(column.alias("x")).write.format("noop").mode("overwrite").save()


heartbeat("slow", done=0, total=2)
write(slow("id"))
report(group=spark.sparkContext.getLocalProperty("spark.jobGroup.id"))
for _ in range(50):
    heartbeat("hung", done=1, total=2)
write(hang("id"))
