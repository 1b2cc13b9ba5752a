"""One attempt as a row."""

from __future__ import annotations

import time

import pytest

from airflow_spark_guard.plugins.row import SILENT, progress_of, row_of, state_of
from airflow_spark_guard.process.live_reader import LiveFile, read_live
from airflow_spark_guard.process.record_reader import read_record
from tests.support.live_records import live_fields, put_record


def test_a_running_attempt_shows_progress_and_what_stands(tmp_path):
    """Seconds beside their limit."""
    row = row_of(put_record(tmp_path))
    assert (row["state"], row["done"], row["tasks"], row["counted_s"], row["limit_s"]) == (
        "running", 40, 100, 124.0, 600.0,
    )  # fmt: skip
    assert row["stands"] == "stage 3 (count at job.py:12)"
    assert (row["warnings"], row["doing"]) == (1, "4 workers blocked at enrich.py:38, enrich")


def test_a_failed_attempt_shows_its_verdict_and_reads_no_live_file(tmp_path):
    """What stood then is in the report."""
    folder = put_record(tmp_path, state="failed", verdict="STALLED", what="Stage 3\nstood still.")
    (folder / "live.json").write_text("nonsense")
    row = row_of(folder)
    assert (row["state"], row["verdict"], row["what"]) == ("failed", "STALLED", "Stage 3 stood still.")
    assert (row["took_s"], row["counted_s"], row["silent_s"]) == (134.0, None, None)


@pytest.mark.parametrize(("age", "state"), [(5, "running"), (SILENT + 5, "silent")])
def test_an_attempt_that_reports_no_more_is_silent(tmp_path, age, state):
    """Its worker may be gone; also if there never was a report."""
    record = read_record(put_record(tmp_path, age=age))
    assert state_of(record, read_live(record)) == state
    bare = read_record(put_record(tmp_path, task="bare", live={}, started_at=time.time() - age))
    assert state_of(bare, LiveFile()) == state


def test_a_record_of_a_newer_version_says_so(tmp_path):
    """And one that is not a record."""
    row = row_of(put_record(tmp_path, v=99))
    assert row["state"] == "unreadable"
    assert "format" in row["what"]
    assert row_of(tmp_path / "x" / "y" / "z")["state"] == "unreadable"


def test_a_damaged_summary_says_so(tmp_path):
    """Instead of a state."""
    folder = put_record(tmp_path)
    (folder / "summary.json").write_text("{")
    row = row_of(folder)
    assert row["state"] == "unreadable"
    assert "damaged" in row["what"]


def test_the_stage_that_has_used_most_of_its_limit_is_named():
    """One without a limit comes last; the driver counts too."""
    stages = [
        {"stage": 1, "counted_s": 500.0, "limit_s": 1000.0, "left_s": 10},
        {"stage": 2, "counted_s": 90.0, "limit_s": 100.0, "left_s": 20},
        {"stage": 3, "counted_s": 9000.0, "limit_s": None, "left_s": 30},
    ]
    found = progress_of(LiveFile(live_fields(stages=stages)))
    assert (found["stands"], found["left_s"]) == ("stage 2", 30)
    driver = {"counted_s": 5.0, "limit_s": None}
    assert progress_of(LiveFile(live_fields(stages=[], driver=driver)))["stands"].startswith("the driver")


@pytest.mark.parametrize(
    "value", [None, 7, "x", [], ["x", 7], {}, [{"stage": "x", "counted_s": "y", "limit_s": []}]]
)
def test_fields_of_any_shape_make_a_row(value):
    """The file is untrusted."""
    fields = dict.fromkeys(live_fields(), value)
    assert progress_of(LiveFile(fields))["counted_s"] is None
