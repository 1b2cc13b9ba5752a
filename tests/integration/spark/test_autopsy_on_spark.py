"""Readings and autopsy of a real application: an idle worker, then a UDF that hangs on an executor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.autopsy import AutopsyInput, take
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag, new_attempt
from airflow_spark_guard.process.process_samples import ProcessSampler
from airflow_spark_guard.process.toolchain import own_python
from airflow_spark_guard.process.workspace import Workspace
from airflow_spark_guard.sources.log_page import tail
from airflow_spark_guard.sources.rest import AsyncRestSource, RestSource
from tests.support.processes import ROOT, seconds_until

pytestmark = pytest.mark.spark

SCRIPT = ROOT / "tests" / "integration" / "jobs" / "idle_then_hung.py"
HANGS = SCRIPT.read_text().splitlines().index("    threading.Event().wait()") + 1
CALLS = next(n for n, line in enumerate(SCRIPT.read_text().splitlines(), 1) if ".save()" in line)
CONF = {
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.executor.heartbeatInterval": "1s",
    "spark.network.timeout": "60s",
    "spark.python.worker.tracebackDumpIntervalSeconds": "1",
}


@pytest.fixture
def application(tmp_path):
    """An application that is left with one idle worker; ``go`` lets it hang."""
    tag, workspace = Tag(new_attempt(), new_attempt()), Workspace("test-autopsy")
    workspace.write_launcher(sys.executable)
    reader = ChannelReader(workspace.channel)
    conf = {
        **CONF,
        "spark.pyspark.python": sys.executable,
        "spark.pyspark.driver.python": str(workspace.driver_python),
        "spark.submit.pyFiles": str(workspace.job_zip),
    }
    options = [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
    output, idle, go = (tmp_path / name for name in ("output.txt", "idle", "go"))
    command = [
        "spark-submit",
        "--master",
        "local-cluster[1,1,1024]",
        *options,
        str(SCRIPT),
        str(idle),
        str(go),
    ]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env={**os.environ, **workspace.environment(1000), TAG_ENV: str(tag)},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        seconds_until(lambda: idle.exists() or process.poll() is not None, 300, output.read_text)
        messages = [message.fields for message in reader.read()]
        told = next(fields for fields in messages if "application_id" in fields)
        rest = RestSource(AsyncRestSource(told["ui_url"], told["application_id"]))
        yield SimpleNamespace(
            tag=tag, workspace=workspace, output=output, go=go, rest=rest, process=process,
            pid=next(fields["pid"] for fields in messages if "pid" in fields),
        )  # fmt: skip
        rest.close()
        home = Path(own_python()).parent.parent
        for folder in home.glob(f"lib/python*/site-packages/pyspark/*/{told['application_id']}"):
            shutil.rmtree(folder)
    finally:
        for proc in proctree.descendants(process.pid, proctree.table()):
            proctree.send(proc, 9)
        process.kill()
        process.wait()
        reader.close()
        workspace.remove()


def stages(application) -> int:
    try:
        return len(application.rest.look().stages)
    except UnusableAnswerError:  # a busy machine: asked again
        return -1


def test_an_idle_worker_is_told_from_a_hung_one_and_the_line_is_named(application, monkeypatch, tmp_path):
    """By py-spy, by the executor's log page, and the JVMs by REST and by SIGQUIT."""
    looker = ProcessSampler(application.tag)
    roles = {reading.role: reading for reading in looker.look(stacks=True)}
    assert (roles["worker"].executor, roles["worker"].kind) == ("0", "idle")
    assert set(roles) == {"worker", "driver", "jvm"}

    application.go.touch()
    seconds_until(lambda: stages(application) == 1, 240, "the stage")
    look = lambda: {reading.role: reading for reading in looker.look(stacks=True)}  # noqa: E731
    seconds_until(lambda: look()["worker"].place == f"{SCRIPT}:{HANGS}, hang", 120, "the hang")
    begin, before = time.monotonic(), look()
    time.sleep(3)
    after = look()
    seconds = time.monotonic() - begin
    worker = after["worker"]
    assert worker.place == f"{SCRIPT}:{HANGS}, hang"
    assert (worker.kind, worker.stack, worker.locals) == ("", before["worker"].stack, before["worker"].locals)
    assert worker.cpu - before["worker"].cpu < 0.02 * seconds
    # A traceback a second was dumped between: a switch or two and 2 kB each, which no real interval adds up to.
    assert worker.switches - before["worker"].switches < 7 * seconds
    assert worker.io - before["worker"].io < 4000 * seconds
    assert after["driver"].place == "", "it waits for Spark"

    autopsy_input = AutopsyInput(
        application.tag, "worker", application.workspace.stacks, application.pid, rest=application.rest,
        tail=tail, executors=application.rest.look().executors,
    )  # fmt: skip
    found = take(autopsy_input, 60)
    assert found.place == f"{SCRIPT}:{HANGS}, hang"
    assert f"the driver's Python is at {SCRIPT}:{CALLS}, work" in found.summary
    assert any(
        line.startswith("executor 0: ") and "waits for its Python worker" in line for line in found.summary
    )
    assert any(
        line.startswith("driver's JVM: ") and "waits for a Spark job" in line for line in found.summary
    )
    assert "a-secret" not in json.dumps([found.text, repr(after), application.workspace.stacks.read_text()])

    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    autopsy_input = AutopsyInput(
        application.tag, "worker", application.workspace.stacks, application.pid, tail=tail,
        jvm_dump=application.output.read_text, executors=autopsy_input.executors,
    )  # fmt: skip
    found = take(autopsy_input, 60)
    assert found.place == f"{SCRIPT}:{HANGS}, hang"
    assert "(by its log)" in found.summary[0]
    assert any(
        line.startswith("driver's JVM: ") and "waits for a Spark job" in line for line in found.summary
    )
    assert application.process.poll() is None
