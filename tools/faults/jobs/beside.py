# ruff: noqa: PTH118, PTH120, PTH123 - small scripts as users write them
"""One part of a job hangs, or takes its time, beside another part that goes on.

    beside.py WHAT MOMENT BESIDE

WHAT is ``asks`` (hangs), ``works`` or ``svd`` (healthy). BESIDE is ``query``, ``rdd``, ``heartbeat``, ``join`` or ``exports``.
The time at which the part begins to hang, or to work, is written to MOMENT.
A line that hangs carries the comment ``STUCK HERE (what)``.
"""

import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

what, moment, beside = sys.argv[1], sys.argv[2], sys.argv[3]
spark = SparkSession.builder.getOrCreate()

LENGTH = 30.0  # seconds that the healthy part takes; the stall limit is 12 s
ROW = 0.0022  # seconds that a row of ``works`` takes


def now():
    with open(moment, "w") as file:
        file.write(str(time.time()))


def ask():
    """Ask a server that accepts the connection and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    now()
    client.recv(1)  # STUCK HERE (asks)


def asks(number):
    if number == 7:
        ask()
    return number


def works(number):
    if number == 0 and what == "works":
        now()
    time.sleep(0.002)
    return number


def svd(frames):
    """One task that computes for longer than the stall limit, and shorter than three times that."""
    now()
    square, end = np.random.default_rng(7).random((300, 300)), time.monotonic() + 20
    while time.monotonic() < end:
        np.linalg.svd(square)
    yield pd.DataFrame({"id": [0]})
    for _ in frames:
        pass


def noop(rows):
    rows.write.format("noop").mode("overwrite").save()


def part(partitions=2):
    """The part that is looked at: it hangs in its second partition, or all of it is slow."""
    if what == "svd":
        return spark.range(0, 2, 1, partitions).mapInPandas(svd, "id long")
    if what == "asks":
        return spark.range(0, 10, 1, partitions).select(udf(asks, "long", useArrow=False)("id").alias("id"))
    return slow_rows(LENGTH, partitions)


def slow_rows(seconds, partitions):
    rows = spark.range(0, int(partitions * seconds / ROW), 1, partitions)
    return rows.select(udf(works, "long", useArrow=False)("id").alias("id"))


def small_query():
    """It runs for most of every second, so that each look at the running queries meets another one."""
    spark.range(0, 1, 1, 1).selectExpr("id", "reflect('java.lang.Thread', 'sleep', 900L)").collect()


def small_rdd():
    """Its Python worker is awake whenever somebody looks at it."""

    def work(number):
        time.sleep(0.05)
        return number

    spark.sparkContext.range(0, 18, 1, 1).map(work).count()


def keep_alive(small):
    """The part, while another thread runs a small job of 0.9 s every second, or sends heartbeats."""
    over = threading.Event()

    def go_on():
        while not over.wait(0.1):
            small()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    noop(part())
    over.set()
    thread.join()


def beat():
    from airflow_spark_guard.job import heartbeat

    heartbeat("the driver is alive")
    time.sleep(0.9)


def join():
    """Both sides are stages of one query."""
    noop(part(1).join(slow_rows(25, 1), "id"))


def hang(frames):
    for frame in frames:
        ask()
        yield frame


def slow(frames):
    for frame in frames:
        if what == "works":
            now()
        time.sleep(0.002 * len(frame))
        yield frame


def exports():
    """Four at a time; one of the first four hangs, or takes eight times as long as the others."""
    hung = what == "asks"
    folder = os.path.join(os.path.dirname(moment), "exports")

    def export(number):
        seconds = 24 if number == 2 and not hung else 1 + number % 4
        rows = spark.range(0, seconds * 500, 1, 1)
        rows = rows.mapInPandas(hang if number == 2 and hung else slow, "id long")
        rows.write.mode("overwrite").parquet(os.path.join(folder, str(number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(export, range(200 if hung else 12)))


{
    "query": lambda: keep_alive(small_query),
    "heartbeat": lambda: keep_alive(beat),
    "rdd": lambda: keep_alive(small_rdd),
    "join": join,
    "exports": exports,
}[beside]()
