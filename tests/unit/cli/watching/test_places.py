"""Lines of Python of processes on this host."""

from __future__ import annotations

import socket

import pytest

from airflow_spark_guard.cli.watching import places as module
from airflow_spark_guard.cli.watching.places import Places, is_here
from airflow_spark_guard.cli.watching.target import WatchTarget
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.spark_processes import SparkProcesses
from tests.support.processes import seconds_until
from tests.support.spark_standin import Standins, backend

TARGET = WatchTarget("http://127.0.0.1:9", "app-1", "x")


@pytest.fixture
def standins(tmp_path):
    found = Standins(tmp_path, Tag(new_attempt(), "x"))
    yield found
    found.end()


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:4040", True),
        (f"http://{socket.gethostname()}:4040", True),
        ("http://192.0.2.1:4040", False),
        ("http://no-such-host.invalid:4040", False),
        ("http://[x:4040", False),
    ],
)
def test_an_address_of_this_host_can_be_bound(url, here):
    assert is_here(url) is here


def test_a_busy_worker_is_shown_with_its_line(standins):
    """By py-spy, of a real process; the driver is elsewhere."""
    jvm = standins.jvm((*backend("3"), "--app-id", "app-1"), standins.daemon("nobody"))
    standins.await_below(jvm, 2)

    def seen():
        return "hanging_job.py" in " ".join(Places(TARGET, here=True).look())

    seconds_until(seen, 30, "the worker's line")
    (line,) = Places(TARGET, here=True).look()
    assert line.startswith("worker ")
    assert " of executor 3 is at " in line
    assert line.endswith(", nobody")
    assert Places(TARGET, here=False).look() == ()


def test_what_cannot_be_read_is_a_line_with_the_reason(monkeypatch):
    """A process that is gone by now."""
    gone = proctree.Proc(2**22 - 1, 1, 1, "S", "python")
    found = SparkProcesses(gone, None, ((gone, "1"),), frozenset())
    monkeypatch.setattr(module, "find_application", lambda *_: found)
    assert [line.partition(":")[2].strip()[:18] for line in Places(TARGET, here=True).look()] == [
        "stack not readable", "stack not readable",
    ]  # fmt: skip
