"""A line for each change, and none without one."""

from __future__ import annotations

import itertools
from dataclasses import replace

from airflow_spark_guard.cli.watching.lines import changes
from airflow_spark_guard.cli.watching.picture import Picture, StageLine
from airflow_spark_guard.core.watch.observation import Executor

STAGE = StageLine((3, 0), "Stage 3 (count)", 10, 4, 2, 0, 0.0, 40.0)
NOTHING = Picture(0.0)


def lines(before, now):
    return list(changes(before, now))


def test_a_stage_that_moves_is_a_line_and_one_that_does_not_is_none():
    with_stage = Picture(1.0, 1, (STAGE,))
    assert lines(NOTHING, with_stage) == ["Stage 3 (count): 4 of 10 tasks done, 2 running"]
    assert lines(with_stage, replace(with_stage, at=2.0)) == []
    moved = Picture(2.0, 1, (replace(STAGE, done=5, failed=1),))
    assert lines(with_stage, moved) == ["Stage 3 (count): 5 of 10 tasks done, 1 failed, 2 running"]
    assert lines(moved, Picture(3.0)) == [
        "Stage 3 (count) is no longer active; 5 of 10 tasks done, 1 failed when last seen",
        "No Spark job runs.",
    ]


def test_a_standstill_is_a_line_at_half_of_the_limit_and_at_the_limit():
    """Once each."""
    pictures = [Picture(at, 1, (replace(STAGE, stood=at),)) for at in (0.0, 19.0, 20.0, 25.0, 40.0, 90.0)]
    found = [lines(before, now) for before, now in itertools.pairwise(pictures)]
    assert found == [
        [],
        ["Stage 3 (count) has not moved for 20s (limit: 40s)"],
        [],
        ["Stage 3 (count) has not moved for 40s (limit: 40s)"],
        [],
    ]
    assert lines(NOTHING, pictures[-1])[-1] == "Stage 3 (count) has not moved for 1m 30s (limit: 40s)"


def test_executors_come_and_go():
    """With the reason; their texts are of the cluster."""
    one = Picture(0.0, executors=(Executor("1", active=True, cores=4, host="node\x1b7"),))
    gone = Picture(1.0, executors=(Executor("1", active=False, reason="exit code 137\n"),))
    assert lines(NOTHING, one) == ["executor 1 on node7: 4 cores"]
    assert lines(one, gone) == ["executor 1 is gone: exit code 137"]
    assert lines(gone, gone) == []
    assert lines(NOTHING, Picture(0.0, executors=(Executor("2", active=False),))) == [
        "executor 2 is gone: no reason given"
    ]


def test_a_line_of_python_is_shown_when_it_is_another_one():
    at_one, at_two = (Picture(0.0, places=(f"driver is at job.py:{line}, x",)) for line in (1, 2))
    assert lines(NOTHING, at_one) == ["driver is at job.py:1, x"]
    assert lines(at_one, at_one) == []
    assert lines(at_one, at_two) == ["driver is at job.py:2, x"]
