"""Whatever dies above or beside a hanging job, its whole tree is gone long before anything else would end it.

The job hangs for ever, and its deadline is ten minutes. How many seconds it takes is measured by
``python -m tools.faults.deaths``, on a machine that does nothing else.

Under a real Airflow (LocalExecutor), on a real ``local-cluster``: the JVM, the driver's Python, two executors,
their Python daemons and workers, and sleepers that the script and its UDF put into sessions of their own.
"""

from __future__ import annotations

import re
import signal

import pytest

from airflow_spark_guard.process import proctree
from tests.support.processes import end_all, seconds_until
from tools.faults.hanging_job import die, start

pytestmark = [pytest.mark.airflow, pytest.mark.spark]
PATIENCE = 120.0


@pytest.fixture
def hanging(server, tmp_path):
    jobs = []

    def begin(dag_id="guarded", where="udf", **conf):
        job = start(server, dag_id, where, tmp_path, **conf)
        jobs.append(job)
        kinds = {text.split()[1] for text in job.before}
        assert {"java", "python", "sleep"} <= kinds, job.before
        return job

    yield begin
    for job in jobs:
        end_all(job.mark)


def test_deadline(hanging):
    """The attempt ends at its deadline, and the task says so."""
    job = hanging(deadline="75s")
    seconds_until(lambda: job.state() != "running", 240, "the deadline")
    assert job.left() == []
    log = job.log()
    assert "DEADLINE: The attempt was still running at its deadline of 1m 15s." in log
    assert re.search(r"Finished after (?:1m \d+s|2m(?: \d+s)?): the watchdog ended it", log), (
        "within a minute of its deadline"
    )
    assert re.search(r"where: \S*hang\.py:\d+, ", log), "the line that it hung in"


@pytest.mark.parametrize("where", ["udf", "driver"])
def test_user_kill(hanging, where):
    """SIGTERM to the task's group, SIGKILL five seconds later."""
    job = hanging(where=where)
    die(job, "user kill")
    job.seconds_until_gone(PATIENCE)
    proctree.send(job.task_process, signal.SIGKILL)


def test_marked_failed_over_rest(hanging):
    """The same as a user does it; Airflow tells the task at a heartbeat."""
    job = hanging()
    die(job, "marked failed over REST")
    job.seconds_until_gone(PATIENCE)
    assert "Server indicated the task shouldn't be running" in job.log(), job.log()[-3000:]
    assert job.state() == "failed"


@pytest.mark.parametrize("where", ["udf", "driver"])
def test_task_process_sigkill(hanging, where):
    """An out-of-memory killer takes the task process: no handler of ours runs in it."""
    job = hanging(where=where)
    die(job, "task process SIGKILL")
    job.seconds_until_gone(PATIENCE)


def test_reaper_sigkill(hanging):
    """The kernel ends JVM and driver; the task finds the sleepers by their tag."""
    job = hanging()
    die(job, "reaper SIGKILL")
    job.seconds_until_gone(PATIENCE)
    seconds_until(lambda: job.state() == "failed", PATIENCE, "the task's failure")
    assert "UNKNOWN: The supervising process (reaper) died without reporting" in job.log()


def test_reaper_and_task_process_sigkill(hanging):
    """Nobody of the first attempt is left to clean up: the next attempt does, before it submits."""
    job = hanging("guarded_with_retry")
    die(job, "reaper and task process SIGKILL")
    seconds_until(lambda: "Guarded: deadline" in job.log(2), 180, "the second attempt")
    assert job.first_attempt_left() == []
    log = job.log(2)
    assert "Ended what try 1 had left on this host before submitting: " in log
    assert " sleep" in log.split("before submitting: ")[1].split('"')[0]
    job.server.mark_failed(job.dag_id, job.run_id, "job")
    job.seconds_until_gone(PATIENCE)


def test_supervisor_sigkill(hanging):
    """The process above the task dies: the task lives on and Airflow shows «running» for minutes.

    The last test: LocalExecutor does not replace this worker.
    """
    job = hanging()
    die(job, "supervisor SIGKILL")
    job.seconds_until_gone(PATIENCE)
    task = job.task_process
    seconds_until(
        lambda: proctree.read(task.pid) is None or proctree.read(task.pid).started != task.started,
        PATIENCE,
        "the task process's end",
    )
