"""One task of three never ends; the heartbeat's note is HTML."""

import threading

from pyspark.sql import SparkSession

from airflow_spark_guard.job import heartbeat

heartbeat("<img src=x onerror=\"document.title='broken'\">")
spark = SparkSession.builder.getOrCreate()


def wait_forever(x):
    if x == 2:
        threading.Event().wait()
    return x


spark.sparkContext.parallelize(range(3), 3).map(wait_forever).count()
