# ruff: noqa: PTH123 - a small script as users write them
"""Leaves sleepers in sessions of their own, then hangs in a UDF (or in the driver, with "driver")."""

import os
import subprocess
import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

ready, where = sys.argv[1], sys.argv[2]


def leave_sleeper():
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen(
            ["sleep", "900"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os._exit(0)


spark = SparkSession.builder.getOrCreate()
leave_sleeper()
if where == "driver":
    spark.range(10).count()
    open(ready, "w").close()
    while True:
        pass


@udf("long")
def hang(x):
    leave_sleeper()
    time.sleep(0.5)
    open(ready, "w").close()
    threading.Event().wait()
    return x


spark.range(2).repartition(2).select(hang("id").alias("x")).write.format("noop").mode("overwrite").save()
