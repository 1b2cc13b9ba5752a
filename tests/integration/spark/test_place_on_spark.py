"""The line that is named: of a real driver that hangs in one form after another."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from airflow_spark_guard.core.failure.client_ending import Cause, ClientEnding
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.stages import running_stages
from airflow_spark_guard.core.watch.watchdog import overdue
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.autopsy import AutopsyInput, take
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag, new_attempt
from airflow_spark_guard.process.workspace import Workspace
from airflow_spark_guard.sources.rest import AsyncRestSource, RestSource
from tests.support.limits import watch_limits
from tests.support.processes import ROOT, seconds_until

pytestmark = pytest.mark.spark

SCRIPT = ROOT / "tests" / "integration" / "jobs" / "hang_forms.py"
LINES = SCRIPT.read_text().splitlines()
HANGS = next(n for n, line in enumerate(LINES, 1) if "select.select" in line)
IN_WORKERS = ("collect", "pool_of_exports", "batch_of_udf", "query")
IN_DRIVER = ("future", "join", "nap", "batch")
FORMS = (*IN_WORKERS, *IN_DRIVER, "collect_again")
CONF = {
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.python.worker.tracebackDumpIntervalSeconds": "1",
    "spark.pyspark.python": sys.executable,
}


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """One application; ``hung(form)`` waits until it hangs in that form, and lets it go from those before."""
    tag, workspace, folder = (
        Tag(new_attempt(), new_attempt()),
        Workspace("test-place"),
        tmp_path_factory.mktemp("forms"),
    )
    workspace.write_launcher(sys.executable)
    reader = ChannelReader(workspace.channel)
    conf = {
        **CONF,
        "spark.pyspark.driver.python": str(workspace.driver_python),
        "spark.submit.pyFiles": str(workspace.job_zip),
    }
    options = [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
    output = folder / "output.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [
                "spark-submit",
                "--master",
                "local[2]",
                *options,
                str(SCRIPT),
                str(folder),
                *FORMS,
            ],
            env={**os.environ, **workspace.environment(1000), TAG_ENV: str(tag)},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    found = SimpleNamespace(
        tag=tag, workspace=workspace, output=output, folder=folder, process=process, rest=None
    )

    def hung(form: str) -> SimpleNamespace:
        for former in FORMS[: FORMS.index(form)]:
            (folder / f"{former}.go").touch()
        at = folder / f"{form}.at"
        seconds_until(lambda: at.exists() or process.poll() is not None, 300, output.read_text)
        if found.rest is None:
            messages = [message.fields for message in reader.read()]
            told = next(fields for fields in messages if "application_id" in fields)
            found.pid = next(fields["pid"] for fields in messages if "pid" in fields)
            found.rest = RestSource(
                AsyncRestSource(told["ui_url"], told["application_id"], local=True, timeout=60)
            )
        return found

    found.hung = hung
    yield found
    if found.rest is not None:
        found.rest.close()
    for proc in proctree.descendants(process.pid, proctree.table()):
        proctree.send(proc, 9)
    process.kill()
    process.wait()
    reader.close()
    workspace.remove()


def autopsy_input(application, suspect: str, **fields) -> AutopsyInput:
    driver = application.rest.look()
    return AutopsyInput(
        application.tag, suspect, application.workspace.stacks, application.pid, rest=application.rest,
        executors=driver.executors, stages=running_stages(driver, None), **fields,
    )  # fmt: skip


def at_the_deadline(application, form: str):
    """The last look at it when its deadline has passed, and the exception."""
    finding = overdue(watch_limits(deadline=60), 61, None)
    seen = take(autopsy_input(application.hung(form), finding.suspect), 60)
    return seen, ClientEnding(cause=Cause.FINDING, exit_status=143, finding=finding, autopsy=seen).failure()


@pytest.mark.parametrize("form", IN_WORKERS)
def test_at_the_deadline_a_hung_udf_is_named_and_not_the_driver_that_waits_for_it(application, form):
    """A plain action, a pool of exports, a foreachBatch that runs a job, a query behind a sleeping loop."""
    seen, error = at_the_deadline(application, form)
    assert error.verdict is Verdict.DEADLINE
    assert error.where == f"{SCRIPT}:{HANGS}, hang"
    assert seen.summary[0].startswith("Python worker ")


@pytest.mark.parametrize("form", IN_DRIVER)
def test_a_thread_of_the_driver_that_the_main_thread_waits_for_is_named(application, form):
    """``future.result()``, ``join()``, a sleeping loop, ``awaitTermination`` over a foreachBatch."""
    seen, error = at_the_deadline(application, form)
    assert error.where == f"{SCRIPT}:{HANGS}, hang"
    assert seen.summary[0].startswith("the driver's Python ")


def test_without_py_spy_a_stall_names_the_workers_line_by_its_dump_or_none(
    application, monkeypatch, tmp_path
):
    """Never the driver's, and the advice speaks of a line only where one is named."""
    application.hung("collect_again")
    size = len(application.output.read_text())
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = Finding(
        Verdict.STALLED, "Stage 3 stood still.", 45.0, 50.0, suspect="worker",
        advice="Set a time-out for the call in that line, or raise GuardLimits.stall_timeout.",
    )  # fmt: skip
    seconds_until(lambda: "Timeout (" in application.output.read_text()[size:], 60, "a dump")

    seen = take(autopsy_input(application, "worker", output=application.output.read_text), 60)
    error = ClientEnding(cause=Cause.FINDING, exit_status=143, finding=finding, autopsy=seen).failure()
    assert error.where == f"{SCRIPT}:{HANGS}, hang"
    assert seen.summary[0].startswith("a Python worker of executor driver (by its log) is at ")
    assert error.advice == finding.advice

    seen = take(autopsy_input(application, "worker"), 60)
    error = ClientEnding(cause=Cause.FINDING, exit_status=143, finding=finding, autopsy=seen).failure()
    assert error.where == ""
    (stage,) = autopsy_input(application, "worker").stages
    line = next(n for n, text in enumerate(LINES, 1) if 'rows("collect_again").collect()' in text)
    assert seen.summary[0] == (
        f"the driver waits in {SCRIPT}:{line} for stage {stage}; the line in the worker is not known"
    )
    assert "that line" not in str(error)
