"""The record of an attempt, and its report at the end."""

import pytest

from airflow_spark_guard.attempt.recorded import recorded
from airflow_spark_guard.core.errors import StalledError
from airflow_spark_guard.report import writing
from airflow_spark_guard.report.writing import NAME
from tests.support.attempts import spec
from tests.support.reports import SUMMARY
from tests.support.task_log import TaskLog


def attempt(folder, raised):
    """An attempt that is broken off by this exception."""
    with recorded(spec(record=folder, report=True)) as record:
        record.summary(SUMMARY)
        raise raised


def test_an_attempt_ends_with_a_report(tmp_path):
    log = TaskLog()
    with recorded(spec(log=log, record=tmp_path / "try-1", report=True)) as record:
        record.summary(SUMMARY)
        assert not (tmp_path / "try-1" / NAME).exists()
    assert "STALLED" in (tmp_path / "try-1" / NAME).read_text()
    assert log.infos == f"Report: {tmp_path / 'try-1' / NAME}"


def test_so_does_one_that_fails(tmp_path):
    with pytest.raises(StalledError):
        attempt(tmp_path / "try-1", StalledError("It stood still."))
    assert (tmp_path / "try-1" / NAME).exists()


def test_a_kill_or_a_timeout_has_no_time_for_one(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        attempt(tmp_path / "try-1", KeyboardInterrupt())
    assert (tmp_path / "try-1" / "summary.json").exists(), "the record is closed all the same"
    assert not (tmp_path / "try-1" / NAME).exists()


def test_it_can_be_off(tmp_path):
    with recorded(spec(record=tmp_path / "try-1")) as record:
        record.summary(SUMMARY)
    assert not (tmp_path / "try-1" / NAME).exists()


def test_without_a_record_there_is_nothing_to_draw():
    log = TaskLog()
    with recorded(spec(log=log, report=True)) as record:
        record.summary(SUMMARY)
    assert log.infos == log.warnings == ""


def test_a_report_that_fails_is_a_warning_and_the_job_a_success(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "page", lambda _: 1 / 0)
    log = TaskLog()
    with recorded(spec(log=log, record=tmp_path / "try-1", report=True)) as record:
        record.summary(SUMMARY)
    assert log.warnings == (
        "The report could not be made: ZeroDivisionError: division by zero. The job is not affected."
    )
