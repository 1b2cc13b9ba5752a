"""Cluster mode under a real scheduler, worker and triggerer; the cluster is a fake."""

from __future__ import annotations

import json
import time

import psutil
import pytest

from airflow_spark_guard.testing import FakeResourceManager
from tools.support.airflow_server import AirflowServer

pytestmark = pytest.mark.airflow

DAG = """
from airflow.sdk import dag
from airflow_spark_guard import GuardLimits, SafeSparkSubmitOperator

@dag(schedule=None, default_args={{
    "application": {script!r}, "application_args": ["{{{{ params.until }}}}"], "params": {{"until": "-"}},
    "conn_id": "spark_cluster", "deploy_mode": "cluster", "spark_binary": {binary!r},
    "limits": GuardLimits(deadline="10m", poll_interval="1s"),
}})
def {name}():
    SafeSparkSubmitOperator(task_id="job", deferrable={deferrable})

{name}()
"""
# Runs until there is a file of this name.
SCRIPT = """
import os, sys, time
from airflow_spark_guard.job import report
while not os.path.exists(sys.argv[1]):
    time.sleep(0.2)
report("it was there")
"""


@pytest.fixture(scope="module")
def yarn():
    with FakeResourceManager() as fake:
        yield fake


@pytest.fixture(scope="module")
def server(tmp_path_factory, yarn, airflow_db):
    folder = tmp_path_factory.mktemp("dags")
    (folder / "channel").mkdir()
    script = tmp_path_factory.mktemp("jobs") / "job.py"
    script.write_text(SCRIPT)
    binary = str(yarn.spark_submit(tmp_path_factory.mktemp("bin")))
    for name, deferrable in (("deferred", True), ("held", False)):
        text = DAG.format(script=str(script), binary=binary, name=name, deferrable=deferrable)
        (folder / f"dag_{name}.py").write_text(text)
    extra = {"yarn_resourcemanager_webapp_address": yarn.url, "channel_directory": str(folder / "channel")}
    connection = json.dumps({"conn_type": "spark", "host": "yarn", "extra": extra})
    environment = {"AIRFLOW_CONN_SPARK_CLUSTER": connection}
    home = tmp_path_factory.mktemp("airflow")
    with AirflowServer(home, folder, environment, triggerer=True, database=airflow_db) as made:
        yield made


def newest(yarn, count):
    """The application, once so many were submitted and it runs."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if len(yarn.applications) > count:
            return list(yarn.applications.values())[-1]
        time.sleep(0.3)
    raise AssertionError("nothing was submitted")


def until(server, dag, run, *wanted):
    server.wait(
        lambda: server.task(dag, run, "job")["state"] in wanted,
        120,
        f"{wanted} (now {server.task(dag, run, 'job')['state']})",
    )


def until_watched(server, yarn, application):
    """Its status was asked for twice from now on: by who watches it after its submission."""
    asked = lambda: sum(application.id in request for request in yarn.requests)  # noqa: E731
    wanted = asked() + 2
    server.wait(lambda: asked() >= wanted, 120, "a watch")


def test_a_triggerer_that_is_killed_loses_nothing(server, yarn, tmp_path):
    """Its successor takes the application up where it is; nothing was submitted twice."""
    count = len(yarn.applications)
    run = server.trigger("deferred", {"until": str(tmp_path / "now")})
    application = newest(yarn, count)
    until(server, "deferred", run, "deferred")
    until_watched(server, yarn, application)
    server.kill_triggerer()
    (tmp_path / "now").touch()
    server.wait(lambda: application.state == "SUCCEEDED", 60, "the end of the application")
    assert server.task("deferred", run, "job")["state"] == "deferred"
    server.start_triggerer()
    until(server, "deferred", run, "success", "failed")
    assert server.task("deferred", run, "job")["state"] == "success"
    value = server.call(
        "GET", f"/api/v2/dags/deferred/dagRuns/{run}/taskInstances/job/xcomEntries/return_value"
    )
    assert "it was there" in str(value["value"])
    assert (application.killed, len(yarn.applications)) == (False, count + 1)


def test_a_user_who_ends_a_deferred_task_ends_its_application(server, yarn):
    """By the trigger's ``on_kill``."""
    count = len(yarn.applications)
    run = server.trigger("deferred", {"until": "/nowhere/at/all"})
    application = newest(yarn, count)
    until(server, "deferred", run, "deferred")
    until_watched(server, yarn, application)
    server.mark_failed("deferred", run, "job")
    server.wait(lambda: application.killed, 60, "the end of the application")


def test_a_user_who_ends_a_running_task_ends_its_application(server, yarn):
    """By the operator's, within the 5 s that Airflow gives."""
    count = len(yarn.applications)
    run = server.trigger("held", {"until": "/nowhere/at/all"})
    application = newest(yarn, count)
    until(server, "held", run, "running")
    until_watched(server, yarn, application)
    server.mark_failed("held", run, "job")
    server.wait(lambda: application.killed, 60, "the end of the application")


def test_the_death_of_the_process_above_the_task_ends_its_application(server, yarn):
    """An out-of-memory killer took the supervisor: Airflow would start another try beside it."""
    count = len(yarn.applications)
    run = server.trigger("held", {"until": "/nowhere/at/all"})
    application = newest(yarn, count)
    until(server, "held", run, "running")
    until_watched(server, yarn, application)
    (scheduler,) = (one for one in server.processes if "scheduler" in one.args)
    workers = psutil.Process(scheduler.pid).children()
    # The task of the test before may still be ending.
    server.wait(lambda: sum(bool(worker.children()) for worker in workers) == 1, 60, "one busy worker")
    next(worker for worker in workers if worker.children()).kill()
    server.wait(lambda: application.killed, 60, "the end of the application")
