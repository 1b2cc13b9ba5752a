"""A try that is at work when the next one starts, and the next one, which is quick."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

from airflow_spark_guard.job import heartbeat, report

under_way = Path(sys.argv[1])
spark = SparkSession.builder.getOrCreate()
rows = spark.range(1000).count()
if not under_way.exists():
    heartbeat("loaded 1 of 2 tables", done=1, total=2)
    under_way.touch()
    time.sleep(300)
report({"rows": rows})
