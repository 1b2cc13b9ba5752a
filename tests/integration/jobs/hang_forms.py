"""Hangs in one form after another, each until it is let go: hang_forms.py FOLDER FORM..."""

import os
import select
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

folder = sys.argv[1]


def hang(form):
    open(f"{folder}/{form}.at", "w").close()
    while not os.path.exists(f"{folder}/{form}.go"):
        select.select([], [], [], 0.1)


def in_udf(form):
    def f(value):
        hang(form)
        return value

    return udf(f, "long")


def rows(form):
    return spark.range(0, 2, 1, 1).select(in_udf(form)("id"))


def collect():
    rows("collect").collect()


def collect_again():
    rows("collect_again").collect()


def pool_of_exports():
    with ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: rows("pool_of_exports").collect()).result()


def future():
    with ThreadPoolExecutor(2) as pool:
        pool.submit(hang, "future").result()


def join():
    thread = threading.Thread(target=hang, args=("join",))
    thread.start()
    thread.join()


def nap():
    thread = threading.Thread(target=hang, args=("nap",), daemon=True)
    thread.start()
    while thread.is_alive():
        time.sleep(1)


def stream(batch):
    source = spark.readStream.format("rate").option("rowsPerSecond", 1).load()
    return source.writeStream.foreachBatch(batch).trigger(availableNow=True).start()


def batch():
    stream(lambda _, number: hang("batch")).awaitTermination()


def batch_of_udf():
    stream(lambda _, number: rows("batch_of_udf").collect()).awaitTermination()


def query():
    source = spark.readStream.format("rate").option("rowsPerSecond", 1).load()
    hung = source.select(in_udf("query")("value"))
    started = hung.writeStream.format("noop").start()
    while started.isActive and not os.path.exists(f"{folder}/query.go"):
        time.sleep(1)
    started.stop()


spark = SparkSession.builder.getOrCreate()
for form in sys.argv[2:]:
    globals()[form]()
spark.stop()
