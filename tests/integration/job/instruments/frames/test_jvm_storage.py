"""Where a session keeps its checkpoints."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job.instruments.errors import CheckpointDirectoryError
from airflow_spark_guard.job.instruments.frames.checkpoint_risks import Cluster
from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans
from airflow_spark_guard.job.instruments.frames.jvm_storage import (
    check_writable,
    checkpoint_directory,
    cluster_of,
    release,
)
from tests.support.spark_jobs import kept_rdds

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def spark_conf():
    # Local mode has no such thing; only the settings are read here.
    return {"spark.dynamicAllocation.cachedExecutorIdleTimeout": "30min"}


def test_the_settings_that_decide_about_a_local_checkpoint(spark):
    assert cluster_of(spark.sparkContext) == Cluster(in_driver=True, dynamic=False, cached_idle="30min")


def test_the_blocks_of_a_local_checkpoint_are_given_back(spark):
    """``DataFrame.unpersist()`` leaves them."""
    frame, before = spark.range(10).localCheckpoint(), kept_rdds(spark)
    frame.unpersist(blocking=True)
    assert kept_rdds(spark) == before
    (rdd,) = JvmPlans(frame).rdds(JvmPlans(frame).analyzed)
    assert int(rdd.id()) in before
    release(rdd)
    assert kept_rdds(spark) == before - {int(rdd.id())}


def test_a_directory_is_tried_and_left_as_it_was(spark, tmp_path):
    """Spark makes a folder of its own in it."""
    context = spark.sparkContext
    assert checkpoint_directory(context) is None
    context.setCheckpointDir(str(tmp_path))
    directory = checkpoint_directory(context)
    assert directory.startswith(f"file:{tmp_path}/")
    check_writable(context, directory)
    (own,) = tmp_path.iterdir()
    assert list(own.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named_with_the_reason(spark, tmp_path):
    """A file in its place; a store without a driver class. Names are shown as one short line."""
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(
        CheckpointDirectoryError, match=r"\n  got: .*/file/deep \(.*Exception: .*\)\n  expected: a"
    ):
        check_writable(spark.sparkContext, f"file:{place}/deep")
    with pytest.raises(CheckpointDirectoryError, match='No FileSystem for scheme "nowhere"'):
        check_writable(spark.sparkContext, "nowhere://bucket/checkpoints")
