"""The single looks; what they make of each other is in test_autopsy.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.process import autopsy_steps, proctree
from airflow_spark_guard.process.autopsy_steps import AutopsyInput, NotSeenError
from airflow_spark_guard.process.leftovers import Tag
from airflow_spark_guard.process.process_samples import python_threads
from airflow_spark_guard.process.spark_processes import SparkProcesses

SLEEPER = "import sys, time; print(flush=True); time.sleep(60)"


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def autopsy_input(tmp_path, **fields) -> AutopsyInput:
    return AutopsyInput(Tag("t", "a"), "driver", tmp_path / "stacks.txt", **fields)


def processes(driver=None, jvm=None) -> SparkProcesses:
    return SparkProcesses(driver, jvm, (), frozenset())


def test_three_executors_are_asked_those_with_tasks_first(tmp_path):
    """Dead ones and the driver's own row never."""
    rows = [Executor(str(n), active=n != 0, active_tasks=n) for n in range(6)]
    rows.append(Executor("driver", active=True, active_tasks=9))
    assert autopsy_steps.asked(autopsy_input(tmp_path, executors=tuple(rows))) == ["5", "4", "3"]


def test_a_process_that_is_gone_is_said_to_be(tmp_path, sleeper):
    """Between the table and the look."""
    proc = proctree.read(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(NotSeenError, match="stack not readable"):
        autopsy_steps.driver_python(autopsy_input(tmp_path), processes(driver=proc))
    with pytest.raises(NotSeenError, match="the process is gone"):
        autopsy_steps.driver_jvm_by_signal(autopsy_input(tmp_path, jvm_dump=str), processes(jvm=proc))


def test_an_api_that_names_no_threads_has_shown_nothing(tmp_path):
    """Such as that of an executor that has just started."""

    class Empty:
        def threads(self, _):
            return []

    with pytest.raises(NotSeenError, match="the Spark UI listed no threads"):
        autopsy_steps.jvm(autopsy_input(tmp_path, rest=Empty()), "driver")


def test_a_jvm_that_prints_no_dump_is_not_waited_for_long(tmp_path, monkeypatch):
    """This one never prints any."""
    monkeypatch.setattr(autopsy_steps, "_SIGNAL_PATIENCE", 0.2)
    process = subprocess.Popen(
        ["sh", "-c", "trap : QUIT; echo; while :; do sleep 0.1; done"], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    with pytest.raises(NotSeenError, match="it printed no thread dump"):
        autopsy_steps.driver_jvm_by_signal(
            autopsy_input(tmp_path, jvm_dump=str), processes(jvm=proctree.read(process.pid))
        )
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'Error: Operation not permitted' >&2; exit 1", "no permission"),
        ("exec sleep 600", "py-spy did not answer in time"),
        ("exit 1", "py-spy found no Python in it"),
    ],
)
def test_why_a_stack_cannot_be_read_is_one_plain_line(tmp_path, monkeypatch, sleeper, script, why):
    """It stands in the task log."""
    monkeypatch.setattr(python_threads, "__defaults__", (0.5,))  # seconds
    program = tmp_path / "py-spy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    proc = proctree.read(sleeper.pid)
    with pytest.raises(NotSeenError) as caught:
        autopsy_steps.driver_python(autopsy_input(tmp_path), processes(driver=proc))
    assert str(caught.value) == f"stack not readable ({why})"
    assert sleeper.poll() is None
