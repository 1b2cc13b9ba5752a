"""The real writer's record, copied to an object store that is well, slow, gone, or refuses."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.live.request import Request
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.process import record_upload
from airflow_spark_guard.process.record_folder import leave, record_folder
from airflow_spark_guard.process.record_upload import RecordUpload
from airflow_spark_guard.process.request_folder import RequestFolder
from airflow_spark_guard.process.spool import Spool, open_record
from tests.support.object_stores import ROOT, Objects, object_store

PLACE = "etl/manual__1/train/try-1"


@pytest.fixture
def spool(tmp_path):
    return Spool(record_folder(tmp_path, "etl", "manual__1", "train", -1, 1), StoreAddress("mem://b/records"))


@pytest.fixture
def objects():
    return Objects()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(record_upload, "_TICK", 0.02)
    monkeypatch.setattr(record_upload, "LOOK", 0.05)
    monkeypatch.setattr(record_upload, "_FIRST_PAUSE", 0.05)


@pytest.fixture
def warnings():
    return []


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def content(objects, name):
    return objects.store[f"{ROOT}/{PLACE}/{name}"].getvalue()


def test_a_record_is_in_the_store_while_the_attempt_runs_and_whole_at_its_end(spool, objects, warnings):
    """Also what is left in it once it is closed."""
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        assert record.place == f"mem://b/records/{PLACE}"
        record.summary({"v": 1, "state": "running"})
        until(lambda: f"{PLACE}/summary.json" in objects.names())
        record.json_file("live.json", {"v": 1})
        until(lambda: f"{PLACE}/live.json" in objects.names())
        record.output(b"a line\n")
        record.observation({"at": 3.0})
        record.summary({"v": 1, "state": "failed"})
    leave(spool.folder, "traceback.txt", "Traceback")
    assert upload.close() == ""
    assert json.loads(content(objects, "summary.json"))["state"] == "failed"
    assert (content(objects, "output.log"), content(objects, "traceback.txt")) == (b"a line\n", b"Traceback")
    assert content(objects, "observations.jsonl") == b'{"at": 3.0}\n'
    assert warnings == []


def test_parts_of_the_output_that_are_joined_go_from_the_store(spool, objects, warnings):
    """No reader finds the same lines twice."""
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 12) as record:
        for number in range(200):
            record.output(b"line %03d of the output\n" % number)
        until(lambda: any("output.tail" in name for name in objects.names()))
    assert upload.close() == ""
    assert [name for name in objects.names() if "tail" in name] == []
    assert b"are left out here" in content(objects, "output.log")


def test_a_request_in_the_store_reaches_the_attempt_and_goes_from_the_store(spool, objects, warnings):
    """The attempt looks in its folder, as ever."""
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "running"})
        until(objects.names)
        requests = RequestFolder(spool.folder, 0.05)
        request = Request("0" * 32, "end", "ada", EpochTime(5.0))
        objects.pipe_file(f"{ROOT}/{PLACE}/{request.name}", request.text().encode())
        objects.pipe_file(f"{ROOT}/{PLACE}/request-{'1' * 32}.json", b"x" * 5000)
        taken = []
        until(lambda: taken.append(requests.take()) or taken[-1])
        assert taken[-1] == request
        until(lambda: f"{PLACE}/{request.name}" not in objects.names())
        requests.close()
    assert upload.close() == ""


def test_the_record_of_an_earlier_run_of_the_same_try_is_moved_aside(spool, objects, warnings):
    """Its requests are not this one's."""
    old = ("summary.json", f"request-{'0' * 32}.json", "live.json")
    for name in old:
        objects.pipe_file(f"{ROOT}/{PLACE}/{name}", b"old")
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "running"})
    assert upload.close() == ""
    ours = {name for name in objects.names() if "previous" not in name}
    assert ours == {f"{PLACE}/{name}" for name in ("summary.json", "output.log", "observations.jsonl")}
    assert {f"{PLACE}.previous/{name}" for name in old} <= set(objects.names())
    assert b"running" in content(objects, "summary.json")


def test_a_store_that_fails_is_one_warning_and_is_tried_again(spool, objects, warnings):
    """When it is well again, nothing is missing."""
    objects.error = RuntimeError("EndpointConnectionError: token=abc12345")
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "running"})
        until(lambda: len(objects.requests) > 2)
        objects.error = None
        until(objects.names)
    assert upload.close() == ""
    (text,) = warnings
    assert text.startswith(f"The record cannot be copied to mem://b/records/{PLACE}: EndpointConnectionError")
    assert "abc12345" not in text


def test_at_the_end_of_the_attempt_the_wait_is_bounded_and_what_is_missing_is_named(spool, objects, warnings):
    """A store that hangs."""
    objects.hangs.clear()
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "success"})
    begin = time.monotonic()
    text = upload.close(0.2)
    assert time.monotonic() - begin < 2.0
    assert text.startswith(f"The record mem://b/records/{PLACE} is not complete, without observations.jsonl")
    assert text.endswith("the store did not take it within 0.2 s (limit: 0.2 s).")
    objects.hangs.set()


def test_the_summary_is_copied_first_at_the_end(spool, objects, warnings):
    """So that it does not stay at running where there is no time for the rest."""
    objects.hangs.clear()
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.output(b"x" * 100)
        record.summary({"state": "failed"})
    threading.Timer(0.1, objects.hangs.set).start()
    assert upload.close() == ""
    puts = [path.rpartition("/")[2] for kind, path in objects.requests if kind == "put"]
    assert puts[0] == "summary.json"


@pytest.mark.parametrize(
    "error", [BadInputError("No file system.", got="x", advice="Install it."), KeyError("x")]
)
def test_a_store_that_cannot_be_opened_is_one_warning(spool, warnings, error):
    """And the record stays where it was written."""

    def fails():
        raise error

    upload = RecordUpload(spool, fails, warnings.append)
    with open_record(spool, 1 << 20) as record:
        record.summary({"state": "success"})
    assert "summary.json" in upload.close()
    assert len(warnings) == 1


def test_an_attempt_that_never_began_asks_nothing_of_the_store(spool, objects, warnings):
    """Bad input is found before."""
    upload = RecordUpload(spool, lambda: object_store(objects), warnings.append)
    time.sleep(0.1)
    assert upload.close() == ""
    assert (objects.requests, Path(spool.folder).exists()) == ([], False)
