"""The job whose answers are recorded: a shuffle, an executor that dies, and tasks of which some stay."""

import os
import signal
import sys
import time
from operator import add
from pathlib import Path

from pyspark import TaskContext
from pyspark.sql import SparkSession


def die_once(number: int) -> int:
    """Kill the executor of the first attempt: the JVM above the daemon above this worker."""
    context = TaskContext.get()
    if number == 1 and context is not None and context.attemptNumber() == 0:
        executor = int(Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1])
        if "CoarseGrainedExecutorBackend" not in Path(f"/proc/{executor}/cmdline").read_text():
            sys.exit("not the executor that was to be killed")
        os.kill(executor, signal.SIGKILL)
    return number


spark = SparkSession.builder.appName("recorded").getOrCreate()
context = spark.sparkContext
print("UI", context.uiWebUrl, context.applicationId, flush=True)
context.parallelize(range(2), 2).map(die_once).collect()
pairs = context.parallelize(range(1000), 4).map(lambda i: (i % 7, i)).reduceByKey(add, 3)
pairs.map(lambda pair: time.sleep(pair[0] * 2) or pair).collect()
