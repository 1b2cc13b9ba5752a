"""A join whose one side goes on at 2 ms a row while the other side hangs: two stages of one query."""

import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from airflow_spark_guard.job import heartbeat

spark = SparkSession.builder.getOrCreate()


@F.udf("long")
def slow(x):
    time.sleep(0.002)
    return x


@F.udf("long")
def hung(x):
    if x == 3:
        threading.Event().wait()
    return x


rows = 20 * int(sys.argv[1])  # it goes on for longer than anybody listens
moves = spark.range(0, rows, 1, 1).select(slow("id").alias("k"))
stands = spark.range(0, 10, 1, 1).select(hung("id").alias("k"))
heartbeat("begin")
moves.join(stands.hint("merge"), "k").write.format("noop").mode("overwrite").save()
