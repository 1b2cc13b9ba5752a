"""Spark Connect: depth and checkpoints work, from the client's own plan; the rest has its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_spark_guard.job.instruments.errors import StoppedSessionError
from airflow_spark_guard.job.instruments.frames.analysis import analyze
from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoints
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of
from airflow_spark_guard.job.instruments.frames.paths import Depth
from tests.support.connect_server import connect_server, remote_session

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connect")
    with (
        connect_server(folder, spark_checkpoint_dir=folder / "checkpoints") as address,
        remote_session(address) as session,
    ):
        yield session


def deep(frame, steps=40):
    for number in range(steps):
        frame = frame.filter(f"id > {number - 100}")
    return frame


def test_the_depth_is_read_on_the_client(remote):
    """Of chains, unions and joins; no request is sent for it."""
    assert lineage_of(remote.range(5)).plan == Depth(1)
    assert lineage_of(deep(remote.range(5))).plan == Depth(41)
    assert lineage_of(deep(remote.range(5), 3).union(remote.range(5))).deepest == Depth(5)
    assert lineage_of(remote.range(5).join(deep(remote.range(5), 3), "id")).deepest == Depth(5)
    assert lineage_of(remote.range(5)).rdd is None


def test_a_dataframe_doubled_sixty_times_is_read_at_once(remote):
    """Each relation once: the plan has 2**60 paths. Such a plan is never sent."""
    frame = remote.range(5)
    for _ in range(60):
        frame = frame.union(frame)
    assert lineage_of(frame).plan == Depth(61)


def test_the_analysis_says_what_connect_does_not_give(remote):
    found = analyze(deep(remote.range(5), 60), count=True)
    assert (found.columns, found.plan_nodes, found.rows) == (1, 61, 5)
    reason = "Spark Connect gives its client no physical plan"
    assert found.partitions.reason == reason
    assert found.unknown == tuple(f"{what}: {reason}" for what in ("estimated bytes", "joins", "RDDs"))
    assert [one.kind for one in found.warnings] == ["deep_lineage"]


def test_a_checkpoint_cuts_the_lineage(remote):
    """The plan that the client sends is short; the rows are the same. The directory is a property of the server."""
    frame, points = deep(remote.range(5)), Checkpoints()
    cut, made = points.checkpoint_if_needed(frame, "frame")
    assert (made.before, made.after, made.kind, made.released) == (Depth(41), Depth(1), "reliable", 0)
    assert made.directory == remote.conf.get("spark.checkpoint.dir")
    assert list(Path(made.directory).glob("*/rdd-*/part-*"))
    assert sorted(cut.collect()) == sorted(frame.collect())
    assert points.checkpoint_if_needed(cut, "frame") == (cut, None)


def test_the_dataframe_of_a_stopped_session(remote):
    """The last test: it stops the session of this module."""
    frame = deep(remote.range(5))
    remote.stop()
    with pytest.raises(StoppedSessionError, match="got: the Connect session was stopped"):
        Checkpoints().checkpoint_if_needed(frame, "frame")
