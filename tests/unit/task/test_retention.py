"""Old records go at the start of an attempt, which does not notice."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time

import pytest

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.task import retention
from airflow_spark_guard.task.retention import BUDGET, start_retention
from tests.support.object_stores import Objects, object_store, put_stored


class Lines:
    """A logger that keeps its lines."""

    def __init__(self):
        self.lines = []

    def debug(self, event, *args):
        self.lines.append(("debug", event % args))

    def warning(self, event, *args):
        self.lines.append(("warning", event % args))


@pytest.fixture
def lines():
    return Lines()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two records, of today and of 1970."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path / "records"))
    for name in ("try-1", "try-2"):
        folder = tmp_path / "records" / "d" / "r" / "t" / name
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps({"v": 1, "state": "success"}))
    os.utime(folder / "summary.json", (1.0, 1.0))
    return tmp_path / "records"


def test_what_is_too_old_goes(root, lines, monkeypatch):
    """As the option says."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "30d")
    start_retention(MarkedLog(lines)).join(10)
    assert [path.name for path in (root / "d" / "r" / "t").iterdir()] == ["try-1"]
    assert lines.lines == []


def test_without_an_option_no_thread_starts(root, lines, monkeypatch):
    """Nor without records."""
    assert start_retention(MarkedLog(lines)) is None
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_SIZE", "1k")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    assert start_retention(MarkedLog(lines)) is None


def test_a_wrong_option_is_a_warning(root, lines, monkeypatch):
    """And keeps every record."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "soon")
    assert start_retention(MarkedLog(lines)) is None
    ((level, text),) = lines.lines
    assert level == "warning"
    assert "Old records are kept. Airflow's option [spark_guard] record_max_age cannot be read." in text
    assert len(list((root / "d" / "r" / "t").iterdir())) == 2


def test_errors_are_one_line_at_debug(root, lines, monkeypatch):
    """A store that is broken in whatever way."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "1s")
    shutil.rmtree(root)
    start_retention(MarkedLog(lines)).join(10)
    assert lines.lines == []  # the first attempt makes the folder
    root.write_text("a file")
    start_retention(MarkedLog(lines)).join(10)
    assert [level for level, _ in lines.lines] == ["debug"]
    assert "Old records could not be removed: NotADirectoryError" in lines.lines[0][1]


def test_a_record_that_cannot_be_removed_is_one_line_as_well(root, lines, monkeypatch):
    """With its reason."""

    def rmdir(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "30d")
    monkeypatch.setattr(os, "rmdir", rmdir)
    start_retention(MarkedLog(lines)).join(10)
    assert [level for level, _ in lines.lines] == ["debug"]
    assert "d/r/t/try-2: Permission denied" in lines.lines[0][1]


def test_a_store_that_hangs_delays_nothing(root, lines, monkeypatch):
    """The thread ends with the process."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "30d")
    asked = []

    def hang(*_, **named):
        asked.append(named["budget"])
        time.sleep(0.5)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(retention, "prune", hang)
    began = time.monotonic()
    thread = start_retention(MarkedLog(lines))
    assert time.monotonic() - began < 0.4
    assert thread.daemon
    thread.join(10)
    assert asked == [BUDGET] == [1.0]


def test_each_attempt_starts_it(root, monkeypatch):
    """Whether its job can run or not."""
    from airflow_spark_guard import SafeSparkSubmitOperator
    from airflow_spark_guard.errors import BadInputError

    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "30d")
    operator = SafeSparkSubmitOperator(task_id="t", application="/nowhere/job.py", conn_id="spark_default")
    with pytest.raises(BadInputError, match="application"):
        operator.execute({})
    for thread in threading.enumerate():
        if thread.name == "spark-guard-retention":
            thread.join(10)
    assert [path.name for path in (root / "d" / "r" / "t").iterdir()] == ["try-1"]


def test_in_an_object_store_old_records_go_as_well(lines, monkeypatch):
    """With the same budget."""
    objects = Objects()
    put_stored(objects, "d/r/t/try-1", summary_json={"v": 1, "state": "success"})
    monkeypatch.setattr(retention, "open_store", lambda _: object_store(objects))
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "s3://aws@logs/guard")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "0s")
    start_retention(MarkedLog(lines)).join(10)
    assert (objects.names(), lines.lines) == ([], [])
