"""A healthy job, in three parts: it reads, it averages, it scores."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from airflow_spark_guard.job import heartbeat, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

DAYS, HOURS, SLICES = 48, 12, 18


def slowly(seconds: float) -> object:
    """Read batches at the pace of a slow source."""

    def read(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            time.sleep(seconds)
            yield batch

    return read


spark = SparkSession.builder.getOrCreate()

heartbeat("part 1 of 3: read", done=0, total=3)
flights = spark.range(0, 960_000, 1, DAYS).mapInPandas(slowly(0.7), "id long").cache()
rows = flights.count()
report(rows=rows)

heartbeat("part 2 of 3: average", done=1, total=3)
averages = flights.repartition(HOURS, "id").mapInPandas(slowly(0.6), "id long")
mean = averages.groupBy((averages.id % 7).alias("weekday")).count().agg({"count": "avg"}).first()[0]

heartbeat("part 3 of 3: score", done=2, total=3)
scored = spark.range(0, 180_000, 1, SLICES).mapInPandas(slowly(1.5), "id long").count()
heartbeat("part 3 of 3: score", done=3, total=3)
report(scored=scored)

report({"rows": rows, "mean": mean})
spark.stop()
