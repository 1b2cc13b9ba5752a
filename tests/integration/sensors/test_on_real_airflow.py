"""The sensors under a real scheduler and a real triggerer, on a real standalone cluster."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_spark_guard.core.remote.watching import MEMORY_KEY
from tests.integration.sensors.real_spark import SparkSite
from tests.support.paths import ROOT
from tools.support.airflow_server import AirflowServer

pytestmark = [pytest.mark.spark, pytest.mark.airflow]
DAGS = Path(__file__).parent / "dags"
EXAMPLES = ROOT / "dags"
CONNECTION = '{"conn_type": "spark", "host": "local-cluster[2,1,1024]", "extra": {"deploy-mode": "client"}}'
MODES = ("poke", "reschedule", "deferred")
ENDED = {"success", "failed", "upstream_failed", "skipped"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with SparkSite(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def server(tmp_path_factory, airflow_db):
    dags = tmp_path_factory.mktemp("dags")
    shutil.copytree(DAGS, dags, dirs_exist_ok=True)
    shutil.copy(EXAMPLES / "watched_job.py", dags)
    shutil.copytree(EXAMPLES / "jobs", dags / "jobs")
    environment = {
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__TRIGGERER__CAPACITY": "100",
        "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION,
    }
    home = tmp_path_factory.mktemp("airflow")
    with AirflowServer(home, dags, environment, triggerer=True, database=airflow_db) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def hanging(server, site):
    """The run that watches an application whose one task never ends; it takes its time beside the others."""
    site.submit("hanging", 1, pause=3600)
    application = site.application_id("hanging")
    return server.trigger("application", {"application_id": application, **site.witnesses})


def states(server, dag_id, run_id, tasks):
    return {task: server.task(dag_id, run_id, task)["state"] for task in tasks}


def wait_for(server, dag_id, run_id, tasks, wanted, timeout=150):
    server.wait(
        lambda: all(state in wanted for state in states(server, dag_id, run_id, tasks).values()),
        timeout,
        f"{dag_id} {tasks} in {wanted} (now {states(server, dag_id, run_id, tasks)})",
    )
    return states(server, dag_id, run_id, tasks)


def wait_until_watched(server, run):
    """Each of the three sensors has looked, the deferred one from its triggerer."""
    wait_for(server, "sensors", run, ["poke"], {"running"})
    wait_for(server, "sensors", run, ["deferred"], {"deferred"})
    wait_for(server, "sensors", run, ["reschedule"], {"up_for_reschedule"})
    entries = f"/api/v2/dags/sensors/dagRuns/{run}/taskInstances/deferred/xcomEntries"
    keys = lambda: {entry["key"] for entry in server.call("GET", entries)["xcom_entries"]}  # noqa: E731
    server.wait(lambda: MEMORY_KEY in keys(), 120, "a first look from the triggerer")


def log_of(server, dag_id, run_id, task):
    """Of the last try; a rescheduled task has had more than one start but one try."""
    return server.log(dag_id, run_id, task, server.task(dag_id, run_id, task)["try_number"])


def names_the_loss(text, killed_at, reason="Command exited with code 137"):
    """Executor, host, reason and time, as the driver, or the master, has them."""
    found = re.search(rf"executor 0 on 127\.0\.0\.1 at ([\d-]+ [\d:]+) UTC: (?:{reason})", text)
    assert found, text[-3000:]
    lost_at = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    assert -2 < lost_at - killed_at < 60
    return True


def test_a_lost_executor_fails_the_sensor_in_each_mode_even_without_a_triggerer_in_between(server, site):
    """The triggerer is killed before the executor is, and started again after: the verdict is the same."""
    job = site.submit("lossy", 600)
    application = site.application_id("lossy")
    site.wait_for_registration(application)
    run = server.trigger("sensors", {"application_id": application, **site.witnesses})
    wait_until_watched(server, run)
    server.kill_triggerer()
    killed_at = site.kill_executor(application)
    wait_for(server, "sensors", run, ["poke", "reschedule"], ENDED)
    assert server.task("sensors", run, "deferred")["state"] == "deferred"
    server.start_triggerer()
    assert wait_for(server, "sensors", run, MODES, ENDED) == dict.fromkeys(MODES, "failed")
    for mode in MODES:
        text = log_of(server, "sensors", run, mode)
        assert names_the_loss(text, killed_at)
        assert "An executor was lost." in text
        assert server.task("sensors", run, mode)["try_number"] == 1, "a retry would find the same past"
    job.kill_driver()


def test_a_healthy_application_lets_every_sensor_succeed(server, site):
    """In each mode, found by its name; its event log is the witness."""
    run = server.trigger("sensors", {"name": "healthy", **site.witnesses})
    whole = server.trigger("application", {"name": "healthy", **site.witnesses})
    site.submit("healthy", 40)
    assert wait_for(server, "sensors", run, MODES, ENDED) == dict.fromkeys(MODES, "success")
    assert wait_for(server, "application", whole, ["deferred"], ENDED) == {"deferred": "success"}
    for mode in MODES:
        assert "Its event log is closed: the driver ended by itself." in log_of(server, "sensors", run, mode)


def test_a_driver_that_was_killed_is_no_success(server, site):
    """The master says FINISHED of it, as of a good end."""
    job = site.submit("killed", 600)
    application = site.application_id("killed")
    run = server.trigger("sensors", {"application_id": application, **site.witnesses})
    wait_until_watched(server, run)
    job.kill_driver()
    assert wait_for(server, "sensors", run, MODES, ENDED) == dict.fromkeys(MODES, "failed")
    for mode in MODES:
        assert "VANISHED" in log_of(server, "sensors", run, mode)


def test_kill_leaves_no_application(server, site):
    """The master lists it as ended before the sensor fails; its driver goes with it.

    The executor dies before it has registered: the driver never lists it, the master does.
    """
    job = site.submit("doomed", 600)
    application = site.application_id("doomed")
    killed_at = site.kill_executor(application)
    run = server.trigger("killing", {"application_id": application, **site.witnesses})
    assert wait_for(server, "killing", run, ["deferred"], ENDED) == {"deferred": "failed"}
    text = log_of(server, "killing", run, "deferred")
    assert names_the_loss(text, killed_at, "EXITED according to the master|Command exited with code 137")
    assert f"Application {application} was ended at its master." in text
    assert [row for row in site.active() if row["id"] == application] == []
    assert job.process.wait(timeout=60) is not None
    server.wait(lambda: site.executors(application) == [], 20, "the end of its last executor")


def test_the_example_watches_a_guarded_job_beside_it(server):
    """The task that runs the application is the witness of its end."""
    run = server.trigger("watched_job", {})
    tasks = ("count", "restarts")
    assert wait_for(server, "watched_job", run, tasks, ENDED) == dict.fromkeys(tasks, "success")
    assert "The task that ran it succeeded." in log_of(server, "watched_job", run, "restarts")


def test_a_stage_that_stands_still_fails_the_watchdogs_sensor(server, hanging):
    """After three times its limit, since nobody sees the workers from here."""
    assert wait_for(server, "application", hanging, ["deferred"], ENDED, 240) == {"deferred": "failed"}
    text = log_of(server, "application", hanging, "deferred")
    assert "STALLED: Application app-" in text
    assert "0 of 1 tasks done, 1 running, workers out of sight" in text
