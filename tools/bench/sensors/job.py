"""A Spark application of many tasks, for the sensor benchmark: all but two have ended, those two sleep.

    python -m tools.bench.sensors.job TASKS

Prints its web UI and its id as JSON, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading

from pyspark.sql import SparkSession

_SLEEP_MS = 3_600_000


def main(tasks: int) -> None:
    """A small job that is done, then one that does not end."""
    spark = (
        SparkSession.builder.master("local-cluster[1,2,1024]")
        .appName("many tasks")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.executor.cores", "2")
        .getOrCreate()
    )
    context = spark.sparkContext
    print(json.dumps({"url": context.uiWebUrl, "id": context.applicationId}), flush=True)
    # In the JVM alone: a Python worker for each task would take several times as long.
    spark.range(0, 100, 1, 100).write.format("noop").mode("overwrite").save()
    sleeping = f"if(id >= {tasks - 2}, reflect('java.lang.Thread', 'sleep', {_SLEEP_MS}L), '')"
    last = spark.range(0, tasks, 1, tasks).selectExpr(f"{sleeping} AS slept")
    threading.Thread(target=last.write.format("noop").mode("overwrite").save, daemon=True).start()
    sys.stdin.read()
    context.cancelAllJobs()
    spark.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
