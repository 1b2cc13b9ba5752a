"""Four of the five executors die at one moment, as with the node that they run on; the job goes on."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark import TaskContext
from pyspark.sql import SparkSession

from airflow_spark_guard.job import report

if TYPE_CHECKING:
    from collections.abc import Iterator

MEETING, LOST, EXECUTORS = Path(sys.argv[1]), 4, 5


def parent(pid: int) -> int:
    """Of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def score(number: int, rows: Iterator[int]) -> Iterator[int]:
    """Four first tasks wait for each other; then each kills its executor, the parent of Python's daemon."""
    if number < LOST and TaskContext.get().attemptNumber() == 0:
        (MEETING / str(number)).touch()
        while len(list(MEETING.iterdir())) < LOST:
            time.sleep(0.1)
        time.sleep(1)
        os.kill(parent(os.getppid()), signal.SIGKILL)
    time.sleep(2)
    yield from rows


spark = SparkSession.builder.getOrCreate()
rows = spark.sparkContext.range(0, 200_000, 1, 4 * EXECUTORS).mapPartitionsWithIndex(score).count()
report({"rows": rows})
spark.stop()
