# ruff: noqa: PTH123 - small scripts as users write them
"""Streams of micro-batches: ``streams.py WHAT MOMENT [beside]``; the time of the fault is written to MOMENT.

With ``beside`` another stream goes on with a batch a second.
A line that hangs carries the comment ``STUCK HERE (what)``.
"""

import socket
import sys
import tempfile
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

what, moment, beside = sys.argv[1], sys.argv[2], sys.argv[3:] == ["beside"]
spark = SparkSession.builder.getOrCreate()
over = threading.Event()


def now():
    with open(moment, "w") as file:
        file.write(str(time.time()))


def rate(rows):
    return spark.readStream.format("rate").option("rowsPerSecond", rows).option("numPartitions", 1).load()


def start(frame, seconds, each_batch=None):
    """A stream with a batch every so many seconds."""
    writer = frame.writeStream.option("checkpointLocation", tempfile.mkdtemp())
    writer = writer.trigger(processingTime=f"{seconds} seconds")
    return (writer.foreachBatch(each_batch) if each_batch else writer.format("noop")).start()


@udf("long", useArrow=False)
def answer(number):
    """Ask a server that accepts the connection and never answers; the first batches get through."""
    if number >= 20:
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        now()
        client.recv(1)  # STUCK HERE (asks)
    return number


def asks():
    return start(rate(10).select(answer("value").alias("x")), 1)


def batch():
    """The third batch waits for a lock that is never given back, in the driver's Python."""
    lock = threading.Lock()

    def write(frame, number):
        frame.count()
        lock.acquire()
        if number >= 2:
            now()
            lock.acquire()  # STUCK HERE (batch)
        lock.release()

    return start(rate(10), 1, write)


@udf("long", useArrow=False)
def slow(number):
    time.sleep(0.01)
    return number


def trickle():
    """Three short batches; between them nothing runs for longer than the stall limit."""

    def write(frame, number):
        now()
        frame.select(slow("value").alias("x")).write.format("noop").mode("overwrite").save()
        if number >= 2:
            over.set()

    return start(rate(10), 15, write)


def stop_in_time(query):
    over.wait()
    query.stop()


if beside:
    # Its batches run for most of every second, so that each look at the running queries meets another one.
    start(rate(1).selectExpr("value", "reflect('java.lang.Thread', 'sleep', 800L)"), 1)
stream = {"asks": asks, "batch": batch, "trickle": trickle}[what]()
threading.Thread(target=stop_in_time, args=(stream,), daemon=True).start()
stream.awaitTermination()
