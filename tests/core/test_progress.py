"""One line of progress."""

from __future__ import annotations

from airflow_spark_guard.core.progress import progress_text

STAGE = {"stage": 3, "attempt": 0, "tasks": 200, "active": 8, "done": 40, "failed": 0}


def test_a_stage_is_told_in_tasks():
    """Spark's own words."""
    assert progress_text([STAGE]) == "stage 3: 40 of 200 tasks done, 8 running"


def test_failed_tasks_are_told():
    """They are the first sign of trouble."""
    assert progress_text([{**STAGE, "failed": 2}]).endswith("8 running, 2 failed")


def test_many_stages_are_bounded():
    """A log line stays a line."""
    assert progress_text([STAGE] * 6).endswith("; and 2 more stages")


def test_nothing_usable_is_no_line():
    """The channel is untrusted."""
    assert progress_text([]) == ""
    assert progress_text(["x", None]) == ""
