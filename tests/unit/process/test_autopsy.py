"""The last look, at processes that stand in for Spark's and at a real launcher."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.core.web.spark_rest import JavaThread
from airflow_spark_guard.process.autopsy import AutopsyInput, take
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from airflow_spark_guard.process.process_samples import python_threads
from airflow_spark_guard.process.workspace import Workspace
from tests.support import paths
from tests.support.processes import seconds_until
from tests.support.spark_standin import BACKEND, SUBMIT, Standins

DATA = paths.DATA / "stacks"


class Rest:
    """Answers from a recorded dump; ``hangs`` and ``broken`` name executors that do not answer, or refuse."""

    def __init__(self, hangs=(), broken=()) -> None:
        self.hangs, self.broken, self.over = hangs, broken, threading.Event()

    def threads(self, executor_id: str) -> list[JavaThread]:
        if executor_id in self.hangs:
            self.over.wait(600)
        if executor_id in self.broken:
            raise ConnectionError("refused")
        name = "threads-driver.json" if executor_id == "driver" else "threads-executor.json"
        rows = json.loads((DATA / name).read_text())
        return [JavaThread(r["threadName"], r["threadState"], tuple(r["stackTrace"]["elems"])) for r in rows]


@pytest.fixture
def tag():
    return Tag(new_attempt(), new_attempt())


@pytest.fixture
def standins(tmp_path, tag):
    started = Standins(tmp_path, tag)
    yield started
    started.end()


@pytest.fixture
def workspace(tag):
    folder = Workspace(tag.task)
    yield folder
    folder.remove()


@pytest.fixture
def driver(standins, workspace, tmp_path):
    """A driver whose script hangs below our launcher, and a hung worker in its JVM."""
    script = tmp_path / "script.py"
    script.write_text("import threading\n\ndef fit():\n    threading.Event().wait()\n\nfit()\n")
    workspace.write_launcher(None)
    workspace.channel.touch()

    def start(*workers: str):
        children = [standins.daemon(*workers)] if workers else []
        jvm = standins.jvm(
            SUBMIT, [str(workspace.driver_python), str(script)], *children,
            PYSPARK_PYTHON="python", SIGQUIT_PRINTS=str(DATA / "sigquit.txt"),
            OUTPUT=str(tmp_path / "output.txt"), **workspace.environment(1000),
        )  # fmt: skip
        seconds_until(lambda: b"hello" in workspace.channel.read_bytes(), 60, "hello")
        standins.await_below(jvm, 1 + len(children) + len(workers))
        time.sleep(0.5)
        return json.loads(workspace.channel.read_text().splitlines()[0])["pid"]

    return start


def test_a_hung_driver_is_named_by_its_own_handler(driver, tag, workspace, tmp_path):
    """SIGUSR1, not py-spy; and the driver lives on."""
    pid = driver()
    found = take(AutopsyInput(tag, "driver", workspace.stacks, pid, rest=Rest()), 60)
    assert found.place == f"{tmp_path}/script.py:4, fit"
    assert found.summary[0] == f"the driver's Python is at {tmp_path}/script.py:4, fit"
    assert "driver's JVM: Thread-4 waits for a Spark job" in found.summary
    assert workspace.stacks.stat().st_size > 0
    assert Path(f"/proc/{pid}").exists()
    again = take(AutopsyInput(tag, "driver", workspace.stacks, pid, rest=Rest()), 60)
    assert again.place == found.place


def test_a_hung_worker_is_named_before_its_driver(driver, tag, workspace, tmp_path):
    """And never signalled: it would die of it."""
    pid = driver("lock")
    found = take(AutopsyInput(tag, "worker", workspace.stacks, pid, rest=Rest()), 60)
    assert found.place == f"{tmp_path}/hanging_job.py:5, lock"
    assert found.summary[1] == f"the driver's Python is at {tmp_path}/script.py:4, fit"
    assert "a-secret" not in found.text


def test_a_pid_of_the_channel_that_is_not_the_drivers_is_not_signalled(driver, tag, workspace, tmp_path):
    """The message is the job's own word; py-spy looks instead."""
    driver()
    found = take(AutopsyInput(tag, "driver", workspace.stacks, 1, rest=Rest()), 60)
    assert workspace.stacks.stat().st_size == 0
    assert found.place == f"{tmp_path}/script.py:4, fit"


def test_a_driver_that_would_die_of_the_signal_is_not_signalled(standins, tag, workspace, tmp_path):
    """One without our launcher, or before it has armed its handler."""
    script = tmp_path / "plain.py"
    script.write_text("import threading\nthreading.Event().wait()\n")
    jvm = standins.jvm(SUBMIT, ["python", str(script)])
    standins.await_below(jvm, 1)
    time.sleep(0.5)
    found = take(AutopsyInput(tag, "driver", workspace.stacks, rest=Rest()), 60)
    assert found.place == f"{script}:2, <module>"


def test_where_the_api_is_silent_the_jvm_is_asked_by_signal(driver, tag, workspace, tmp_path):
    """Within the budget, which a step that hangs does not eat."""
    pid = driver()
    output = tmp_path / "output.txt"
    output.write_text("before\n")
    rest = Rest(hangs=("driver", "0"))
    autopsy_input = AutopsyInput(
        tag, "driver", workspace.stacks, pid, rest=rest, jvm_dump=output.read_text,
        executors=(Executor("0", active=True),),
    )  # fmt: skip
    found = take(autopsy_input, 4)
    rest.over.set()
    assert "driver's JVM: Thread-4 waits for a Spark job" in found.summary
    assert found.summary[-1] == "JVM of executor 0: no answer in time"


def test_without_py_spy_the_executors_logs_name_the_line(standins, tag, workspace, monkeypatch, tmp_path):
    """The newest dump with a line of the user's; executors with tasks are asked first."""
    jvm = standins.jvm(BACKEND, standins.daemon("lock"))
    standins.await_below(jvm, 2)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = []

    def tail(url: str, length: int) -> str:
        asked.append(url)
        if url.endswith("/gone"):
            raise ConnectionError(url)
        return (DATA / "executor-stderr.txt").read_text()[-length:]

    executors = tuple(
        Executor(
            name, active=name != "4", active_tasks=int(name == "3"), stderr_url=page and f"http://w/{page}"
        )
        for name, page in (("1", "gone"), ("2", ""), ("3", "log"), ("4", "dead"))
    )
    autopsy_input = AutopsyInput(
        tag, "worker", workspace.stacks, rest=Rest(broken=("1",)), tail=tail, executors=executors
    )
    found = take(autopsy_input, 60)
    assert asked == ["http://w/log", "http://w/gone"]
    assert found.place == "/jobs/hung.py:13, hang"
    assert found.summary[0] == "a Python worker of executor 3 (by its log) is at /jobs/hung.py:13, hang"
    assert "JVM of executor 1: not readable (ConnectionError)" in found.summary
    assert "1 Python worker: stack not readable (py-spy is not installed)" in found.summary
    assert "executor 4 was lost: no reason given" in found.summary


def test_nothing_to_see_is_said_in_plain_lines(tag, workspace):
    """No processes, no API: the job runs elsewhere, or is gone."""
    found = take(AutopsyInput(tag, "worker", workspace.stacks), 2)
    assert found.place == ""
    assert set(found.summary) == {
        "driver's Python: not found on this host",
        "Python workers: none on this host, and no stack in the executors' logs",
        "driver's JVM: the driver has no Spark UI",
        "driver's JVM by SIGQUIT: not readable (it does not run on this host)",
    }


def test_eight_workers_are_looked_at_four_at_a_time(standins, tag, workspace, monkeypatch, tmp_path):
    """A py-spy that hangs for all of them does not eat the budget."""
    monkeypatch.setattr(python_threads, "__defaults__", (0.5,))  # seconds for one
    jvm = standins.jvm(BACKEND, standins.daemon(*["lock"] * 9))
    standins.await_below(jvm, 10)
    program = tmp_path / "py-spy"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    found = take(AutopsyInput(tag, "worker", workspace.stacks), 8)
    assert "8 Python workers: stack not readable (py-spy did not answer in time)" in found.summary
