"""What a checkpoint can lose."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.frames.checkpoint_risks import (
    Cluster,
    allocation_warning,
    lost_with_an_executor,
)

DYNAMIC = Cluster(dynamic=True)


def test_a_reliable_checkpoint_loses_nothing():
    assert lost_with_an_executor("reliable", DYNAMIC).startswith("Nothing: the rows are in files")
    assert allocation_warning("reliable", DYNAMIC) == ""


def test_in_local_mode_the_driver_is_the_executor():
    cluster = Cluster(in_driver=True, dynamic=True)
    assert lost_with_an_executor("local", cluster).startswith("Nothing before the driver itself ends")
    assert allocation_warning("local", cluster) == ""


def test_a_local_checkpoint_loses_the_rows_of_its_executor_for_good():
    text = lost_with_an_executor("local", Cluster())
    assert "Spark cannot compute them again" in text
    assert "CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND" in text
    assert allocation_warning("local", Cluster()) == ""


@pytest.mark.parametrize(
    ("idle", "expected"),
    [
        ("1h", "removes an executor that holds the local checkpoint after 1h idle"),
        ("infinity", "keeps the executors"),
    ],
)
def test_dynamic_allocation_is_named_with_its_limit(idle, expected):
    text = allocation_warning("local", Cluster(dynamic=True, cached_idle=idle))
    assert expected in text
    assert text.endswith("Set a checkpoint directory (SparkContext.setCheckpointDir).")
