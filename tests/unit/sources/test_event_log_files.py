"""Where the lines of a log are."""

import pytest

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.sources.event_log_files import files_of


def folder(path, *names):
    path.mkdir(parents=True, exist_ok=True)
    for name in names:
        (path / name).write_text("x")
    return path


def names(found):
    return [place.name for place in found.files]


def test_a_file_is_a_log(tmp_path):
    folder(tmp_path, "app-1.inprogress")
    assert names(files_of(tmp_path / "app-1.inprogress")) == ["app-1.inprogress"]


def test_a_rolling_log_is_read_by_number(tmp_path):
    folder(
        tmp_path, "events_10_app", "events_9_app", "events_8_app", "appstatus_app.inprogress", ".events_9_app.crc"
    )  # fmt: skip
    found = files_of(tmp_path)
    assert names(found) == ["events_8_app", "events_9_app", "events_10_app"]
    assert found.notes == (
        "Files of the rolling log are missing: events_1, events_2, events_3, events_4, events_5 and 2 more.",
    )


def test_a_compacted_file_stands_for_all_before_it(tmp_path):
    """The files before may still be there while Spark removes them."""
    folder(tmp_path, *(f"events_{number}_a.zstd" for number in range(1, 5)), "events_3_a.zstd.compact")
    found = files_of(tmp_path)
    assert names(found) == ["events_3_a.zstd.compact", "events_4_a.zstd"]
    assert found.notes == (
        "Spark has compacted the log: it left out events of jobs that ended before events_4.",
    )


def test_a_dropped_middle_is_named(tmp_path):
    folder(tmp_path, "events_1_a", "events_2_a", "events_4_a")
    assert files_of(tmp_path).notes == ("Files of the rolling log are missing: events_3.",)


def test_the_log_of_databricks_is_read_by_hour(tmp_path):
    folder(tmp_path, "eventlog", "eventlog-2021-06-15--16-00.gz", "eventlog-2021-06-15--15-00.gz")
    assert names(files_of(tmp_path)) == [
        "eventlog-2021-06-15--15-00.gz", "eventlog-2021-06-15--16-00.gz", "eventlog",
    ]  # fmt: skip


def test_a_folder_with_one_log_is_that_log(tmp_path):
    folder(tmp_path / "logs" / "eventlog_v2_app", "events_1_app")
    assert names(files_of(tmp_path / "logs")) == ["events_1_app"]
    folder(tmp_path / "other", "app-1", "_SUCCESS")
    assert names(files_of(tmp_path / "other")) == ["app-1"]


def test_of_several_attempts_the_last_one_is_taken_if_asked_for(tmp_path):
    folder(tmp_path, *(f"app_{number}" for number in (9, 10, 1)))
    assert names(files_of(tmp_path, newest=True)) == ["app_10"]


def test_a_folder_with_several_logs_is_ambiguous(tmp_path):
    folder(tmp_path, *(f"app-{number}" for number in range(7)))
    with pytest.raises(BadInputError, match="has 7 logs") as raised:
        files_of(tmp_path)
    assert raised.value.got == "app-0, app-1, app-2, app-3, app-4 and 2 more"


def test_a_folder_without_a_log_is_refused(tmp_path):
    folder(tmp_path / "empty")
    with pytest.raises(BadInputError, match=r"has no\s+event log") as raised:
        files_of(tmp_path / "empty")
    assert "spark.eventLog.dir" in raised.value.advice


def test_a_store_that_fails_is_a_clear_error():
    """Each store raises errors of its own."""

    class Store:
        name = "x"

        def is_dir(self):
            msg = "403 with token=abcdef1234567890"
            raise LookupError(msg)

        def __str__(self):
            return "s3://bucket/x"

    with pytest.raises(BadInputError, match="The event log s3://bucket/x cannot be opened") as raised:
        files_of(Store())
    assert raised.value.got == "LookupError: 403 with token=******"
