"""Figures of a stage out of Spark's own row."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.job.instruments.stages.stage_figures import Spread, figures_of, spread_of
from tests.support.stage_rows import stage_row


def test_units_are_seconds_and_bytes():
    """Spark's are milliseconds."""
    figures = figures_of(stage_row())
    assert (figures.stage, figures.attempt, figures.tasks, figures.failed_tasks) == (7, 0, 4, 1)
    assert (figures.seconds, figures.run_seconds, figures.gc_share) == (2.0, 8.0, 0.25)
    assert (figures.result_bytes, figures.memory_spilled, figures.disk_spilled) == (9000, 2000, 1000)
    assert (figures.input_bytes, figures.shuffle_read, figures.shuffle_write) == (10, 20, 30)
    assert (figures.line, figures.is_complete) == ("job.py:3", True)
    json.dumps(figures.to_dict(), allow_nan=False)
    assert "run_time" not in figures.to_dict()


def test_a_stage_without_a_started_task_has_a_time_too():
    """It failed before; and its run time may be 0."""
    row = stage_row(status="FAILED", firstTaskLaunchedTime=None, executorRunTime=0, jvmGcTime=5)
    figures = figures_of(row)
    assert (figures.is_complete, figures.seconds, figures.gc_share) == (False, 2.5, 0.0)
    assert figures_of(stage_row(firstTaskLaunchedTime=None, submissionTime=None)).seconds == 0.0


@pytest.mark.parametrize(
    ("median", "upper", "largest", "ratio"),
    [(2.0, 3.0, 10.0, 5.0), (0.0, 2.0, 10.0, 5.0), (0.0, 0.0, 10.0, 8.0), (0.0, 0.0, 0.0, 1.0)],
)
def test_the_ratio_is_a_number_whatever_is_zero(median, upper, largest, ratio):
    """One task with everything is as many times the mean as there are tasks."""
    task = {"index": 5, "executorId": "1", "host": "node"}
    spread = spread_of((median, upper, largest), task, 8)
    assert isinstance(spread, Spread)
    assert spread.ratio == ratio
    assert (spread.task, spread.executor, spread.host) == (5, "1", "node")
