"""Leaves its Python worker idle until a file appears; then its UDF waits for what never comes."""

import os
import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

idle, go = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()


@udf("long")
def hang(x):
    secret = "a-secret-in-a-local"
    threading.Event().wait()
    return x


def work():
    spark.range(2).repartition(1).select(hang("id").alias("x")).write.format("noop").mode("overwrite").save()


spark.range(4).repartition(1).select(udf(lambda x: x, "long")("id")).collect()
open(idle, "w").close()
while not os.path.exists(go):
    time.sleep(0.1)
work()
