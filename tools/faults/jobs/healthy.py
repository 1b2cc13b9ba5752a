# ruff: noqa: N806 - small scripts as users write them
"""Healthy but slow: ``healthy.py WHAT SECONDS``. None of these may get a verdict.

Work whose speed depends on the machine is calibrated first, so that it takes about that many seconds.
"""

import sqlite3
import sys
import threading
import time

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, udf

what, duration = sys.argv[1], float(sys.argv[2])


def run(rows):
    rows.write.format("noop").mode("overwrite").save()


def calibrated(make, start):
    """Rows that take about ``duration`` seconds, from the time that a few take."""
    run(make(start))
    begin = time.monotonic()
    run(make(start))
    took = max(time.monotonic() - begin, 0.05)
    rows = max(start, int(start * duration / took))
    print(f"{start} rows took {took:.2f} s: {rows} rows", flush=True)
    return rows


def slow_row(number):
    time.sleep(0.002)
    return number


def pickled_udf():
    """2 ms a row, pickled."""
    slow = udf(slow_row, "long", useArrow=False)
    run(spark.range(0, int(2 * duration / 0.0022), 1, 2).select(slow("id").alias("x")))


def arrow_udf():
    """2 ms a row in Arrow batches of 10,000 rows: a batch is silent for 20 s."""
    slow = udf(slow_row, "long", useArrow=True)
    run(spark.range(0, int(2 * duration / 0.0022), 1, 2).select(slow("id").alias("x")))


def one_task():
    """One long task in the JVM, without a shuffle."""

    def make(rows):
        return spark.range(0, rows, 1, 1).selectExpr("sha2(repeat(cast(id AS string), 4000), 512) AS x")

    run(make(calibrated(make, 20_000)))


def garbage():
    """Most of the heap is held, and every row leaves garbage behind."""
    held = spark.range(0, 1_500_000, 1, 2).selectExpr("id", "concat('row ', id) AS text").rdd.map(str)
    held = held._jrdd.rdd().toJavaRDD().cache()
    held.count()

    def make(rows):
        return spark.range(0, rows, 1, 2).selectExpr(
            "size(transform(sequence(1, 4000), x -> concat('garbage ', x + id))) AS x"
        )

    run(make(calibrated(make, 4_000)))
    held.count()


def shuffle():
    """Everything is sorted through one core."""

    def make(rows):
        wide = spark.range(0, rows, 1, 4).selectExpr("id", "rand(7) AS r", "repeat(uuid(), 4) AS text")
        return wide.repartition(8, "r").sortWithinPartitions("text")

    run(make(calibrated(make, 200_000)))


def sklearn():
    """The driver fits models between two Spark jobs."""
    from sklearn.ensemble import RandomForestRegressor

    X = spark.range(20_000).selectExpr("rand(1) a", "rand(2) b", "rand(3) c").toPandas()
    end = time.monotonic() + duration
    while time.monotonic() < end:
        RandomForestRegressor(n_estimators=40).fit(X[["a", "b"]], X["c"])
    spark.range(1000).count()


def one_group():
    """One group, one long Python call that gets on."""

    def fit(group: pd.DataFrame) -> pd.DataFrame:
        done, end = 0.0, time.monotonic() + duration
        while time.monotonic() < end:
            time.sleep(0.05)
            done += float(group["id"].sum())
        return pd.DataFrame({"done": [done]})

    run(spark.range(1000).groupBy((col("id") * 0).alias("g")).applyInPandas(fit, "done double"))


def native():
    """One native call that computes: no line of Python runs meanwhile. A timer ends it, however fast the host is."""

    def compute(frames):
        base = sqlite3.connect(":memory:", check_same_thread=False)
        threading.Timer(duration, base.interrupt).start()
        try:
            base.execute(
                "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"
            )
        except sqlite3.OperationalError as end:
            yield pd.DataFrame({"end": [str(end)]})
        for _ in frames:
            pass

    run(spark.range(0, 1, 1, 1).mapInPandas(compute, "end string"))


def skewed():
    """The last task takes 20 times the median."""

    def work(number, rows):
        end = time.monotonic() + (duration if number == 0 else duration / 20)
        steps = 0
        while time.monotonic() < end:
            time.sleep(0.02)
            steps += 1
        return [steps]

    spark.sparkContext.range(0, 1000, 1, 16).mapPartitionsWithIndex(work).sum()


def idle_executors():
    """Dynamic allocation takes idle executors away, and gives new ones back."""

    def work(rows):
        time.sleep(3)
        return [sum(rows)]

    end = time.monotonic() + duration
    while time.monotonic() < end:
        spark.sparkContext.range(0, 1000, 1, 4).mapPartitions(work).sum()
        time.sleep(8)


def planning():
    """A plan that takes its time: shorter than ``driver_silence``."""
    begin = time.monotonic()
    spark.range(10).where(col("id").isin(list(range(int(duration))))).count()
    print(f"planned for {time.monotonic() - begin:.1f} s", flush=True)


spark = SparkSession.builder.getOrCreate()
{
    "pickled_udf": pickled_udf,
    "arrow_udf": arrow_udf,
    "one_task": one_task,
    "garbage": garbage,
    "shuffle": shuffle,
    "sklearn": sklearn,
    "one_group": one_group,
    "native": native,
    "skewed": skewed,
    "idle_executors": idle_executors,
    "planning": planning,
}[what]()
