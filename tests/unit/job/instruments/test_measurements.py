from __future__ import annotations

import json

from airflow_spark_guard.job.instruments import measurements
from airflow_spark_guard.job.instruments.closures.broadcasts import BroadcastSize
from airflow_spark_guard.job.instruments.closures.captures import Captured, ClosureSize
from airflow_spark_guard.job.instruments.frames.analysis import FrameAnalysis
from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoint
from airflow_spark_guard.job.instruments.frames.frame_warnings import FrameWarning
from airflow_spark_guard.job.instruments.frames.lineage import Lineage
from airflow_spark_guard.job.instruments.frames.partitions import Partitions
from airflow_spark_guard.job.instruments.frames.paths import Depth
from airflow_spark_guard.job.instruments.stages.stage_figures import Spread, StageFigures
from airflow_spark_guard.job.instruments.stages.stage_warnings import StageWarning


def test_a_closure_with_its_five_largest_parts():
    parts = tuple(Captured(f"part{n}", "global", "list", 100 - n, 0.1) for n in range(9))
    found = measurements.of_closure(ClosureSize("score", 1000, parts, advice="large"), "job.py:3")
    assert (found.what, found.name, found.line, found.warning, found.size) == (
        "closure",
        "score",
        "job.py:3",
        "large",
        1000,
    )
    assert [part["path"] for part in found.values["captured"]] == [f"part{n}" for n in range(5)]


def test_a_broadcast():
    found = measurements.of_broadcast(BroadcastSize("words", 12, "dict"), "")
    assert (found.what, found.values, found.warning) == ("broadcast", {"bytes": 12, "type": "dict"}, "")


def test_a_frame_with_its_warnings():
    warning = FrameWarning("deep_lineage", 60, 50, "It is 60 deep.", "Cut it.")
    analysis = FrameAnalysis(
        3, Partitions(8), Lineage(Depth(60), None), 61, estimated_bytes=100, warnings=(warning, warning)
    )
    found = measurements.of_frame(analysis, "rows", "job.py:9")
    assert found.values == {
        "columns": 3,
        "partitions": 8,
        "depth": 60,
        "rdd_depth": None,
        "nodes": 61,
        "bytes": 100,
        "rows": None,
    }
    assert found.warning == "DataFrame `rows`: It is 60 deep. Cut it. It is 60 deep. Cut it."


def test_a_checkpoint():
    made = Checkpoint("rows", 30, Depth(32), Depth(2), seconds=1.23456, warning="It may be lost.")
    found = measurements.of_checkpoint(made, "")
    assert found.values == {"depth_before": 32, "depth_after": 2, "how": "local", "seconds": 1.235}
    assert found.warning == "Checkpoint `rows`: It may be lost."


def figures(**fields):
    plain = dict.fromkeys(
        ("result_bytes", "memory_spilled", "disk_spilled", "input_bytes", "shuffle_read", "shuffle_write"), 0
    )
    return StageFigures(
        stage=7, attempt=0, name="count at job.py:3", line="job.py:3", is_complete=True, tasks=4, failed_tasks=0,
        seconds=2.0, run_seconds=6.0, gc_share=0.12345, **(plain | fields),
    )  # fmt: skip


def test_a_stage_is_json():
    found = measurements.of_stage(figures(disk_spilled=5, memory_spilled=50), ())
    assert json.loads(json.dumps(found.values)) == found.values
    assert (found.name, found.line, found.warning) == ("stage 7: count at job.py:3", "job.py:3", "")
    assert (found.values["spill_bytes"], found.values["gc_share"], found.values["skew"]) == (5, 0.123, None)


def test_a_skewed_stage_that_ran_again():
    spread = Spread(median=1.0, upper=2.0, largest=7.0, tasks=4, task=3, executor="1", host="a")
    stage = figures(run_time=spread)
    warning = StageWarning("skew", 7, "job.py:3", 7.0, 5.0, "The slowest task takes 7 times the median.")
    found = measurements.of_stage(stage, (warning,))
    assert (found.values["median_s"], found.values["max_s"], found.values["skew"]) == (1.0, 7.0, 7.0)
    assert found.warning == "The slowest task takes 7 times the median."
