"""A record on an S3 server on loopback: written by the real writer, read by the page's own app and the commands.

The server is moto, and Airflow's own provider opens it. Neither is among the locked requirements, whose
python-dateutil botocore does not take. To run it, install ``moto[server] s3fs apache-airflow-providers-amazon`` into a
folder of their own (``uv pip install --target``) and put that into PYTHONPATH.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest
from fastapi.testclient import TestClient

from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.hooks.object_storage import open_store
from airflow_spark_guard.plugins import access
from airflow_spark_guard.plugins.app import build
from airflow_spark_guard.plugins.store import Store
from airflow_spark_guard.process.record_folder import leave, record_folder
from airflow_spark_guard.process.request_folder import RequestFolder
from airflow_spark_guard.process.spool import Spool, open_record
from airflow_spark_guard.report.writing import write_report
from airflow_spark_guard.task.recording import Recording
from tests.support.live_records import live_fields
from tests.support.spark_guard import run
from tools.support.airflow_server import free_port

NEEDED = ("moto", "s3fs", "airflow.providers.amazon")
ADDRESS = StoreAddress("s3://store@records/spark_guard")
NAMES = {"dag_id": "etl", "run_id": "manual__1", "task_id": "train"}


def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


missing = [name for name in NEEDED if not is_there(name)]
pytestmark = [
    pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}"),
    pytest.mark.usefixtures("airflow_db"),
]


class Lines:
    def __init__(self):
        self.lines = []

    def warning(self, text, *words):
        self.lines.append(text % words)


class Reader:
    def get_name(self):
        return "ada"


@pytest.fixture(scope="module")
def server():
    """Its port."""
    port = free_port()
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()


def wait_for(port):
    for _ in range(240):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5).close()
        time.sleep(0.25)
    raise AssertionError("the server did not start")


@pytest.fixture
def store(server, monkeypatch):
    extra = {
        "endpoint_url": f"http://127.0.0.1:{server}",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "hidden-4711",
        "region_name": "us-east-1",
    }
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"conn_type": "aws", "extra": extra}))
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", ADDRESS.url)
    request = urllib.request.Request(f"http://127.0.0.1:{server}/records", method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
    found = open_store(ADDRESS)
    found.remove(one.key for one in found.files())
    return found


@pytest.fixture
def client():
    app = build(Store())
    rights = (access.READS_TASKS, access.READS_LOGS, access.WRITES_RUNS)
    app.dependency_overrides = {access.current_user: Reader, **dict.fromkeys(rights, lambda: None)}
    return TestClient(app, headers={"Authorization": "Bearer x", "X-Spark-Guard": "1"})


def until(look, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.3)
    return found


def running_row(client):
    rows = client.get("/list.json").json().get("rows", ())
    return next((row for row in rows if row["state"] == "running" and row["tasks"]), None)


def test_an_attempt_is_seen_asked_and_read_through_the_store(store, client, monkeypatch, capsys):
    """While it runs on the page, with a request that reaches it; afterwards with its report, and by commands."""
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl"})
    monkeypatch.setattr(access, "may_end", lambda *_: True)
    log = Lines()
    store.write("etl/manual__1/train/try-1/summary.json", b'{"state": "failed"}')
    time.sleep(1.1)  # S3 gives times in whole seconds, and a row of an ended attempt is kept for its time
    spool = Spool.of(ADDRESS, lambda root: record_folder(root, "etl", "manual__1", "train", -1, 1))
    recording = Recording(log)
    recording.start(spool)
    with open_record(spool, 1 << 22) as record:
        summary = {
            "v": 1,
            "mode": "client",
            "state": "running",
            "started_at": epoch_now(),
            "ended_at_s": None,
        }
        record.summary(summary)
        record.json_file("live.json", live_fields())
        requests = RequestFolder(spool.folder, 0.2)
        row = until(lambda: running_row(client), 40)
        assert (row["dag"], row["tasks"]) == ("etl", 100)
        asked = client.post("/end", params=NAMES)
        assert asked.status_code == 202, asked.text
        request = until(requests.take)
        assert (request.id, request.kind, request.by) == (asked.json()["id"], "end", "ada")
        record.output(b"the last line\n")
        record.observation({"at": 3.0})
        record.summary(
            {**summary, "state": "failed", "verdict": "KILLED", "what": "It was ended.", "ended_at_s": 9.0}
        )
        requests.close()
    assert write_report(spool.folder) == ""
    leave(spool.folder, "traceback.txt", "Traceback of the attempt")
    recording.close(20.0)
    assert (log.lines, spool.root.exists()) == ([], False)
    assert b"failed" in store.read("etl/manual__1/train/try-1.previous/summary.json")
    page = client.get("/attempt.json", params=NAMES).json()
    assert (page["attempt"]["verdict"], page["attempt"]["has_report"]) == ("KILLED", True)
    report = client.get("/report", params=NAMES)
    assert report.status_code == 200
    assert len(report.content) > 1_000_000
    words = [word for name, value in NAMES.items() for word in (f"--{name.removesuffix('_id')}", value)]
    code, out, err = run(capsys, "record", *words)
    assert (code, err) == (0, "")
    assert "the last line" in out
    assert f"{ADDRESS.url}/etl/manual__1/train/try-1" in out
    code, out, _ = run(capsys, "prune", "--older-than", "0s")
    assert (code, list(store.files())) == (0, [])
    assert "2 records removed" in out


def test_many_attempts_are_listed_in_pages_and_read_several_at_once(store, client, monkeypatch):
    """The first look shows the newest; in the end all are there."""
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl"})
    for number in range(300):
        fields = {"v": 1, "state": "success", "started_at": 1.0, "ended_at_s": 2.0, "verdict": ""}
        for name in ("summary.json", "output.log", "observations.jsonl", "report.html"):
            store.write(f"etl/r{number:04}/t/try-1/{name}", json.dumps(fields).encode())
    found = until(lambda: (page := client.get("/list.json").json()).get("complete") and page, 60)

    assert (found["attempts"], len(found["rows"])) == (300, 200)


def test_a_server_that_is_gone_gives_a_page_with_the_reason_and_no_secret(store, client, monkeypatch):
    """As does a bucket that does not exist, and a provider that is not installed."""
    monkeypatch.setattr(access, "readable_dags", lambda _: {"etl"})
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "s3://store@no-such-bucket/x")
    gone = client.get("/list.json")
    assert gone.status_code == 503
    assert "no-such-bucket" in gone.json()["detail"]
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "gs://store@bucket/x")
    other = client.get("/list.json")
    assert "apache-airflow-providers-google" in other.json()["detail"]
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "s3://no_such_connection@bucket/x")
    unknown = client.get("/list.json")
    assert "no_such_connection" in unknown.json()["detail"]
    assert "hidden-4711" not in gone.text + other.text + unknown.text
    assert os.environ["AIRFLOW_CONN_STORE"]
