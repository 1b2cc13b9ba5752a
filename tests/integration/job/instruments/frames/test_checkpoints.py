"""Checkpoints of real Spark: the lineage is cut, the rows stay, and what is no longer needed is given back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyspark.sql import functions as sf

from airflow_spark_guard.job.instruments.errors import (
    CheckpointDirectoryError,
    FrameError,
    StoppedSessionError,
)
from airflow_spark_guard.job.instruments.frames.checkpoints import THRESHOLD, Checkpoints
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of
from airflow_spark_guard.job.instruments.frames.paths import Depth
from tests.support.spark_jobs import jobs, kept_rdds

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def deep(frame, steps=35):
    for number in range(steps):
        frame = frame.withColumn("x", sf.col("id") + number)
    return frame


def rows(frame):
    return sorted(map(tuple, frame.collect()))


def test_at_the_threshold_the_same_object_comes_back(spark):
    """No job runs, and nothing is kept."""
    frame = deep(spark.range(10), THRESHOLD - 1)
    before = jobs(spark)
    assert Checkpoints().checkpoint_if_needed(frame, "frame") == (frame, None)
    assert jobs(spark) == before


def test_above_it_the_lineage_is_cut_and_the_rows_are_the_same(spark):
    """Read anew from the DataFrame that came back; the old one still computes them itself."""
    frame = deep(spark.range(0, 10, 1, 3), THRESHOLD)
    before = jobs(spark)
    cut, made = Checkpoints().checkpoint_if_needed(frame, "frame")
    assert jobs(spark) == before + 1
    assert lineage_of(cut).plan == Depth(1)
    assert lineage_of(cut).rdd == Depth(2)
    assert (made.before, made.after, made.threshold, made.kind) == (Depth(31), Depth(2), 30, "local")
    assert rows(cut) == rows(frame)
    assert cut.schema == frame.schema
    assert made.directory is None
    assert made.lost_with_executor.startswith("Nothing before the driver itself ends")
    assert (made.warning, made.released) == ("", 0)
    assert made.seconds > 0


def test_an_iterative_job_keeps_one_checkpoint(spark):
    """``DataFrame.unpersist()`` would give back none."""
    points, frame, earlier = Checkpoints(), spark.range(10), kept_rdds(spark)
    released = []
    for _ in range(4):
        frame = deep(frame)
        frame, one = points.checkpoint_if_needed(frame, "loop")
        released.append(one.released)
        assert len(kept_rdds(spark) - earlier) == 1
    assert released == [0, 1, 1, 1]
    assert rows(frame) == [(number, number + 34) for number in range(10)]


def test_a_loop_without_a_name_in_between_keeps_two_until_the_next_step(spark):
    """While the call runs, the script still refers to the previous DataFrame."""
    points, frame, earlier = Checkpoints(), spark.range(10), kept_rdds(spark)
    for _ in range(3):
        frame, _ = points.checkpoint_if_needed(deep(frame), "short")
    assert len(kept_rdds(spark) - earlier) == 2
    assert points.checkpoint_if_needed(frame, "short") == (frame, None)
    assert len(kept_rdds(spark) - earlier) == 1
    assert frame.count() == 10


def test_a_dataframe_that_the_script_still_refers_to_keeps_its_blocks(spark):
    """It may be read again."""
    points, earlier = Checkpoints(), kept_rdds(spark)
    first, _ = points.checkpoint_if_needed(deep(spark.range(5)), "kept")
    second, made = points.checkpoint_if_needed(deep(first), "kept")
    assert made.released == 0
    assert len(kept_rdds(spark) - earlier) == 2
    assert rows(first) == rows(second)


def test_another_dataframe_of_the_same_name_takes_nothing_away(spark):
    """A function that is called for two tables has one name for both."""
    points = Checkpoints()

    def cleaned(frame):
        return points.checkpoint_if_needed(deep(frame), "cleaned")[0].filter("id >= 0")

    training, test = cleaned(spark.range(5)), cleaned(spark.range(3))
    assert (training.count(), test.count()) == (5, 3)


def test_nothing_is_given_back_where_that_is_switched_off(spark):
    points, earlier, frame = Checkpoints(release_previous=False), kept_rdds(spark), spark.range(5)
    for _ in range(3):
        frame, made = points.checkpoint_if_needed(deep(frame), "all")
        assert made.released == 0
    assert len(kept_rdds(spark) - earlier) == 3


def test_a_threshold_below_the_depth_of_a_checkpoint_is_refused(spark):
    with pytest.raises(FrameError, match="^This threshold would cut .*\n  got: 1\n  expected: 2 or more"):
        Checkpoints().checkpoint_if_needed(spark.range(1), "frame", 1)


def test_an_error_of_the_job_itself_passes_unchanged(spark):
    """It is the script's."""
    frame = deep(spark.range(5).select(sf.expr("IF(id = 4, raise_error('this row is bad'), id) AS id")))
    with pytest.raises(Exception, match="this row is bad"):
        Checkpoints().checkpoint_if_needed(frame, "bad")


def test_with_a_directory_the_checkpoint_is_a_file(spark, tmp_path):
    """No blocks are kept, one job runs, and a directory that cannot be written is found before any job."""
    spark.sparkContext.setCheckpointDir(str(tmp_path / "checkpoints"))
    frame, kept, before = deep(spark.range(0, 10, 1, 2)), kept_rdds(spark), jobs(spark)
    cut, made = Checkpoints().checkpoint_if_needed(frame, "frame")
    assert jobs(spark) == before + 1
    assert kept_rdds(spark) <= kept
    assert (made.kind, made.after, made.lost_with_executor[:8]) == ("reliable", Depth(2), "Nothing:")
    folder = Path(made.directory.removeprefix("file:"))
    assert list(folder.glob("rdd-*/part-*"))
    assert list(folder.glob(".spark-guard-probe")) == []
    assert rows(cut) == rows(frame)
    shutil.rmtree(folder)
    folder.write_text("not a folder any more")
    before = jobs(spark)
    with pytest.raises(
        CheckpointDirectoryError, match=r"^The checkpoint directory cannot be written.\n  got: file:"
    ):
        Checkpoints().checkpoint_if_needed(frame, "frame")
    assert jobs(spark) == before


def test_the_dataframe_of_a_stopped_session(spark):
    """The last test: it stops the session of this module."""
    frame = deep(spark.range(5))
    spark.stop()
    with pytest.raises(StoppedSessionError, match="got: the session was stopped"):
        Checkpoints().checkpoint_if_needed(frame, "frame")
