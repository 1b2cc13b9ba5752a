"""The data of one task instance's page."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.plugins.attempt_view import attempt_view, folder_of, tries_of
from airflow_spark_guard.plugins.place import Task
from tests.support.live_records import put_record

TASK = Task.of_ids("etl", "manual__1", "train")


def test_all_tries_are_there_and_the_newest_is_chosen(tmp_path):
    """Unless the address names one that exists."""
    put_record(tmp_path, number=1, state="failed", verdict="STALLED", what="It stood.")
    put_record(tmp_path, number=2)
    put_record(tmp_path, number=7, map_index=3)
    found = attempt_view(tmp_path, TASK, None)
    assert [(one["try"], one["state"], one["verdict"]) for one in found["tries"]] == [
        (2, "running", ""), (1, "failed", "STALLED"),
    ]  # fmt: skip
    assert (found["try"], found["attempt"]["state"]) == (2, "running")
    assert found["attempt"]["live"]["stages"][0]["stage"] == 3
    assert attempt_view(tmp_path, TASK, 1)["attempt"]["what"] == "It stood."
    assert attempt_view(tmp_path, TASK, 99)["try"] == 2
    assert tries_of(tmp_path, Task.of_ids("etl", "manual__1", "train", 3)) == [7]
    json.dumps(found, allow_nan=False)


def test_a_task_without_a_record_has_no_tries(tmp_path):
    """A store that is gone is an error."""
    found = attempt_view(tmp_path, TASK, None)
    assert (found["tries"], found["try"], found["attempt"]) == ([], None, None)
    with pytest.raises(FileNotFoundError):
        attempt_view(tmp_path / "gone", TASK, None)


def test_an_attempt_that_has_ended_shows_its_report_and_nothing_live(tmp_path):
    """The report must be a file, not a link."""
    folder = put_record(
        tmp_path, state="failed", verdict="KILLED", orphans=["7 java"], limits={"deadline": "1h"},
        observed=[{"verdict": "STALLED", "what": "x"}, "nonsense"],
    )  # fmt: skip
    (folder / "live.json").write_text("{}")
    attempt = attempt_view(tmp_path, TASK, 1)["attempt"]
    assert (attempt["is_over"], attempt["live"], attempt["has_report"]) == (True, None, False)
    assert (attempt["orphans"], attempt["limits"]["deadline"], attempt["observed"][0]["verdict"]) == (
        ["7 java"],
        "1h",
        "STALLED",
    )
    assert len(attempt["observed"]) == 1
    (folder / "report.html").symlink_to("/etc/hostname")
    assert attempt_view(tmp_path, TASK, 1)["attempt"]["has_report"] is False
    (folder / "report.html").unlink()
    (folder / "report.html").write_text("x")
    assert attempt_view(tmp_path, TASK, 1)["attempt"]["has_report"] is True


def test_a_newer_record_and_a_damaged_one_say_so(tmp_path):
    """In a sentence for the page."""
    put_record(tmp_path, v=99)
    attempt = attempt_view(tmp_path, TASK, None)["attempt"]
    assert attempt["state"] == "unreadable"
    assert "format" in attempt["trouble"][0]
    folder = put_record(tmp_path, number=2)
    (folder / "live.json").write_text("{")
    assert attempt_view(tmp_path, TASK, 2)["attempt"]["trouble"] == ["live.json is damaged."]


def test_a_try_has_its_folder(tmp_path):
    """Of a mapped task as well."""
    assert folder_of(tmp_path, Task("d", "r", "t", 4), 2) == tmp_path / "d" / "r" / "t" / "map-4-try-2"
