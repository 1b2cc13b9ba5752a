"""Event logs as a real Spark writes them, in each of its codecs, plain, rolling, and while they are written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.sources.event_log import read_event_log

pytestmark = pytest.mark.spark

WAYS = {
    "plain": {"spark.eventLog.rolling.enabled": "false"},
    "rolling": {"spark.eventLog.rolling.enabled": "true"},
    **{
        codec: {"spark.eventLog.rolling.enabled": "false", "spark.eventLog.compression.codec": codec}
        for codec in ("zstd", "lz4", "snappy")
    },
    "rolling-zstd": {"spark.eventLog.rolling.enabled": "true", "spark.eventLog.compression.codec": "zstd"},
}
# One JVM, and in it one application after the other.
JOB = """
import json, shutil, sys
from pathlib import Path
from pyspark.sql import SparkSession, functions as F

folder, ways = Path(sys.argv[1]), json.loads(sys.argv[2])
for way, conf in ways.items():
    place = folder / way
    place.mkdir()
    builder = SparkSession.builder.master("local[2]").appName(way)
    for key, value in conf.items():
        builder = builder.config(key, value)
    compress = str("spark.eventLog.compression.codec" in conf).lower()
    spark = (
        builder.config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", place.as_uri())
        .config("spark.eventLog.compress", compress)
        .config("spark.my.password", "correct horse")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    rows = spark.range(0, 1000, 1, 4)
    assert len(rows.groupBy((F.col("id") % 7).alias("k")).count().collect()) == 7
    try:
        spark.sparkContext.parallelize([1, 0], 2).map(lambda x: 1 // x).collect()
    except Exception:
        pass
    else:
        raise AssertionError("the job did not fail")
    shutil.copytree(place, folder / f"{way}.running")
    spark.stop()
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    job = folder / "job.py"
    job.write_text(JOB)
    subprocess.run(
        [sys.executable, str(job), str(folder), json.dumps(WAYS)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_the_same_history(logs, way):
    history = read_event_log(logs / way)
    assert (history.name, history.missing, history.ended is not None) == (way, (), True)
    assert history.conf["spark.my.password"] == "******"
    assert history.conf["spark.sql.shuffle.partitions"] == "4"
    scan, failed = history.stages[0], history.stages[-1]
    assert (scan.tasks, scan.done, scan.input_records) == (4, 4, 1000)
    assert scan.execution == history.executions[0].execution  # numbered through all applications of a JVM
    assert scan.shuffle_write_bytes > 0
    assert Path(scan.call.partition(" at ")[2]).name.startswith("job.py:")
    assert failed.failed > 0
    assert "ZeroDivisionError" in failed.failure
    assert "ZeroDivisionError" in next(task.failure for task in failed.slowest if task.failure)
    assert [bool(job.failure) for job in history.jobs][-1]
    names = {node.name: node.metrics for node in history.executions[0].nodes}
    assert names["Range"] == {"number of output rows": 1000}
    assert names["Exchange"]["shuffle bytes written"] == scan.shuffle_write_bytes
    assert [executor.id for executor in history.executors] == ["driver"]
    ends = sum(stage.done + stage.failed + stage.killed for stage in history.stages)
    assert history.executors[0].tasks == ends
    assert max(sample.running for sample in history.samples) in (1, 2)


@pytest.mark.parametrize("way", WAYS)
def test_the_log_of_an_application_that_runs_is_read_as_far_as_it_was_written(logs, way):
    history = read_event_log(logs / f"{way}.running")
    assert history.name == way
    assert history.ended is None
    assert history.missing[-1].startswith("The log has no end")
    assert history.stages[0].done == 4


def test_the_watchdog_would_have_left_it_alone(logs):
    replay = LogReplay(GuardLimits())
    read_event_log(logs / "plain", watcher=replay)
    found = replay.replayed()
    assert (found.acted, found.limits.local) == ((), True)
    assert found.looks >= 1
