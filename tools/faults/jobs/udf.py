# ruff: noqa: PTH123 - small scripts as users write them
"""Faults in the Python workers: ``udf.py WHAT MOMENT``; the time of the fault is written to MOMENT.

A line that hangs carries the comment ``STUCK HERE (what)``.
"""

import os
import signal
import socket
import sys
import time

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, pandas_udf, udf

what, moment = sys.argv[1], sys.argv[2]
spark = SparkSession.builder.getOrCreate()


def now():
    with open(moment, "w") as file:
        file.write(str(time.time()))


@udf("long")
def while_true(number):
    now()
    count = 0
    while True:  # STUCK HERE (while_true)
        count += 1  # STUCK HERE (while_true)


@pandas_udf("long")
def pandas_sleep(numbers: pd.Series) -> pd.Series:
    now()
    time.sleep(100_000)  # STUCK HERE (pandas_sleep)
    return numbers


@udf("long")
def answer(number):
    """Ask a server that accepts the connection and says nothing."""
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    now()
    return len(client.recv(1))  # STUCK HERE (socket)


@udf("long", useArrow=False)
def os_exit(number):
    now()
    os._exit(1)


@udf("long", useArrow=False)
def segv(number):
    now()
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)


@udf("long", useArrow=False)
def sigkill(number):
    now()
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(10)


@udf("long", useArrow=False)
def memory(number):
    """Beyond ``spark.executor.pyspark.memory``."""
    now()
    rows = []
    while True:
        rows.append(bytearray(8 << 20))


rows = spark.range(4).repartition(2)
if what == "pandas_sleep":
    # The first stage ends well; behind the shuffle the second one sleeps.
    rows = spark.range(1000).repartition(2).groupBy((col("id") % 8).alias("id")).count()
chosen = {
    "while_true": while_true,
    "pandas_sleep": pandas_sleep,
    "socket": answer,
    "os_exit": os_exit,
    "segv": segv,
    "sigkill": sigkill,
    "memory": memory,
}[what]
rows.select(chosen("id").alias("x")).write.format("noop").mode("overwrite").save()
