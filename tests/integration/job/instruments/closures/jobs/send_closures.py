"""Runs functions on a real Spark, and prints what was measured and what Spark has sent of each, as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf, udf
from pyspark.sql.types import LongType

from airflow_spark_guard.job.instruments.closures.broadcasts import broadcast_size
from airflow_spark_guard.job.instruments.closures.closure import closure_size
from airflow_spark_guard.job.instruments.errors import UnpicklableError

TABLE = np.arange(400_000)
SMALL = {str(number): number for number in range(50_000)}


class Model:
    """Four megabytes that each task would receive."""

    def __init__(self):
        self.weights = [float(number) for number in range(500_000)]

    def predict(self, row):
        return self.weights[row]


class Writer:
    """The seed's case: a function of mapPartitions that captures ``self``."""

    def __init__(self, session):
        self.model = Model()
        self.scale = 2
        self.session = session

    def before(self):
        def save_partition(rows):
            yield sum(row * self.scale for row in rows)

        return save_partition

    def after(self):
        scale = self.scale

        def save_partition(rows):
            yield sum(row * scale for row in rows)

        return save_partition


def looks_up(rows):
    yield sum(int(TABLE[row]) for row in rows)


def looks_up_small(rows):
    yield sum(SMALL[str(row)] for row in rows)


def tiny(rows):
    yield sum(rows)


def broadcasts(sc):
    """Files of PySpark's broadcasts: large functions are among them."""
    return {path: path.stat().st_size for path in Path(sc._temp_dir).iterdir() if path.is_file()}


def command_of(jrdd):
    """The bytes that Spark's PythonRDD sends with each task."""
    rdd = jrdd.rdd()
    field = rdd.getClass().getDeclaredField("func")
    field.setAccessible(True)
    return field.get(rdd).command().size()


def sent_by(sc, build, run):
    """What a function takes: its command, or the broadcast that Spark makes of it."""
    before = broadcasts(sc)
    size = build()
    result = run()
    made = [size for path, size in broadcasts(sc).items() if path not in before]
    return max([size, *made]), bool(made), result


def on_rdd(spark, func):
    sc = spark.sparkContext
    rdd = sc.parallelize(range(100), 2).mapPartitions(func)
    return sent_by(sc, lambda: command_of(rdd._jrdd), rdd.sum)


def on_frame(spark, made):
    (inner,) = (cell.cell_contents for cell in made.__closure__ if hasattr(cell.cell_contents, "evalType"))
    frame = spark.range(100)
    return sent_by(
        spark.sparkContext,
        lambda: inner._judf.func().command().size(),
        lambda: sum(row[0] for row in frame.select(made("id")).collect()),
    )


def row_of(name, measured, sent):
    size, is_broadcast, result = sent
    return {
        "name": name, "measured": measured.size_bytes, "sent": size, "broadcast": is_broadcast,
        "result": result, "path": measured.captured[0].path if measured.captured else "", "advice": measured.advice,
    }  # fmt: skip


def vector(rows):
    return rows.map(lambda row: int(TABLE[row]))


def main():
    spark = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.pyspark.python", sys.executable)
        .config("spark.sql.codegen.wholeStage", "false")
        .getOrCreate()
    )
    import pandas as pd

    writer = Writer(spark)
    try:
        closure_size(writer.before(), "save_partition")
        refused = ""
    except UnpicklableError as error:
        refused = error.path
    del writer.session
    held = spark.sparkContext.broadcast(TABLE)

    def with_broadcast(rows):
        yield sum(int(held.value[row]) for row in rows)

    functions = {
        "global": looks_up, "global below 1 MiB": looks_up_small, "tiny": tiny,
        "before": writer.before(), "after": writer.after(), "broadcast": with_broadcast,
    }  # fmt: skip
    rows = [row_of(name, closure_size(func), on_rdd(spark, func)) for name, func in functions.items()]
    vector.__annotations__.update({"rows": pd.Series, "return": pd.Series})
    udfs = {
        "udf": udf(lambda row: int(TABLE[row]), LongType(), useArrow=False),
        "udf below 1 MiB": udf(lambda row: SMALL[str(row)], LongType(), useArrow=False),
        "Arrow udf": udf(lambda row: int(TABLE[row]), LongType(), useArrow=True),
        "pandas udf": pandas_udf(vector, LongType()),
    }
    rows += [row_of(name, closure_size(made), on_frame(spark, made)) for name, made in udfs.items()]
    before = broadcasts(spark.sparkContext)
    value = {"table": TABLE, "small": SMALL}
    spark.sparkContext.broadcast(value)
    (size,) = (size for path, size in broadcasts(spark.sparkContext).items() if path not in before)
    spark.stop()
    print(
        json.dumps(
            {"refused": refused, "rows": rows, "value": [broadcast_size(value, "value").size_bytes, size]}
        )
    )


if __name__ == "__main__":
    main()
