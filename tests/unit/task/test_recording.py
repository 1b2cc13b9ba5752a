"""A task's record in a store: complete when the task ends, or a line that says what is missing."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.process import record_upload
from airflow_spark_guard.process.record_folder import record_folder
from airflow_spark_guard.process.spool import Spool, open_record
from airflow_spark_guard.task import recording as module
from airflow_spark_guard.task.recording import Recording, leave_in_store
from tests.support.object_stores import ROOT, Objects, object_store

PLACE = "d/r/t/try-1"


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, text, *words):
        self.lines.append(text % words)


@pytest.fixture
def objects(monkeypatch):
    made = Objects()
    monkeypatch.setattr(record_upload, "_TICK", 0.02)
    monkeypatch.setattr(module, "open_store", lambda _: object_store(made))
    return made


@pytest.fixture
def spool():
    return Spool.of(StoreAddress("mem://b/x"), lambda root: record_folder(root, "d", "r", "t", -1, 1))


def test_a_record_is_complete_at_the_end_and_nothing_is_left_on_the_worker(objects, spool):
    recording = Recording(log := Log())
    recording.start(spool)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "success"})
    recording.close()
    assert f"{PLACE}/summary.json" in objects.names()
    assert (log.lines, spool.root.exists()) == ([], False)


def test_what_is_missing_is_named_and_stays_on_the_worker(objects, spool):
    """One line when the store fails, one at the end."""
    objects.error = RuntimeError("Could not connect")
    recording = Recording(log := Log())
    recording.start(spool)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "success"})
    recording.close(1.0)
    first, last = log.lines
    assert first.endswith("Could not connect. The job goes on.")
    assert "summary.json: Could not connect." in last
    assert last.endswith(f"For a day all of it is on this worker: {spool.folder}")
    assert (spool.folder / "summary.json").exists()
    module.private_folder.remove(spool.root)


def test_a_record_in_a_folder_and_no_record_start_nothing(tmp_path):
    for place in (tmp_path, None):
        recording = Recording(log := Log())
        recording.start(place)
        recording.close()
        assert log.lines == []


def test_a_task_that_was_deferred_adds_to_its_record_in_the_store(objects, spool):
    """If there is one; secrets are masked."""
    leave_in_store(spool, "traceback.txt", "password=hidden-4711")
    assert objects.names() == []
    objects.pipe_file(f"{ROOT}/{PLACE}/summary.json", b"{}")
    leave_in_store(spool, "traceback.txt", "ValueError password=hidden-4711")
    text = objects.store[f"{ROOT}/{PLACE}/traceback.txt"].getvalue()
    assert text.startswith(b"ValueError")
    assert b"hidden-4711" not in text
    objects.error = RuntimeError("gone")
    leave_in_store(spool, "traceback.txt", "x")
