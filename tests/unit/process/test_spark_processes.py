"""Which process is what; the rest of it is tested through the readings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.process import leftovers, spark_processes
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.spark_standin import SUBMIT, Standins, backend


def test_an_attempt_without_processes_has_none_of_them():
    """Nothing of other attempts is taken for it."""
    found = spark_processes.find(Tag(new_attempt(), "x"))
    assert (found.driver, found.jvm, found.workers, found.executors) == (None, None, (), frozenset())


def test_a_process_that_is_gone_is_none_of_them():
    """Neither command line nor environment can be read."""
    assert spark_processes._command(2**30) == []
    assert leftovers.tags(2**30) == []


# Listens at a port, as the driver's JVM does, and starts a child if it gets the command of one.
UI = """
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
child = subprocess.Popen(sys.argv[1:2] + ["-c", "input()"], stdin=subprocess.PIPE) if sys.argv[1] else None
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def standins(tmp_path):
    found = Standins(tmp_path, Tag(new_attempt(), "x"))
    yield found
    found.end()


@pytest.fixture
def java(tmp_path):
    """Starts programs under the name of java."""
    (tmp_path / "java").symlink_to(Path(sys.executable).resolve())
    started = []

    def start(*arguments):
        command = [str(tmp_path / "java"), "-c", UI, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.communicate()


def test_an_application_of_anybody_is_found_by_port_and_id(standins, java):
    """Its executors by the id in their command line, workers included."""
    executor = standins.jvm((*backend("3"), "--app-id", "app-1"), standins.daemon("nobody"))
    standins.jvm((*backend("4"), "--app-id", "app-2"), standins.daemon("nobody"))
    standins.await_below(executor, 2)
    driver, port = java(sys.executable, *SUBMIT)
    found = spark_processes.find_application("app-1", port)
    assert (found.jvm.pid, found.executors) == (driver.pid, {"3"})
    assert [executor for _, executor in found.workers] == ["3"]
    assert found.driver.parent == driver.pid


def test_a_python_that_has_started_its_jvm_is_the_driver(java):
    """``python job.py``: there is none below the JVM."""
    Path("/proc/self/comm").write_text("python")  # pytest-xdist names its workers after their tests
    driver, port = java("", "org.apache.spark.deploy.SparkSubmit", "pyspark-shell")
    found = spark_processes.find_application("app-1", port)
    assert (found.jvm.pid, found.driver.pid) == (driver.pid, os.getpid())
    _, other = java("", "org.apache.spark.deploy.SparkSubmit", "job.jar")
    assert spark_processes.find_application("app-1", other).driver is None


def test_without_a_process_at_the_port_nothing_is_found():
    found = spark_processes.find_application("app-none", 1)
    assert (found.driver, found.jvm, found.workers) == (None, None, ())
