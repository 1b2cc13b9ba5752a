"""The sensor for executor restarts: its arguments, and what it does about a restart."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.core.errors import ExecutorsLostError, LimitError, VanishedError
from airflow_spark_guard.core.event import event_of
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.sensors import executor_restart
from airflow_spark_guard.sensors.executor_restart import SparkExecutorRestartSensor
from airflow_spark_guard.sources import remote
from airflow_spark_guard.task.failure import VERDICT_KEY
from tests.support.remote_site import ID, dead, remote_site
from tests.support.task_instance import TaskInstance

LOST = Finding(Verdict.EXECUTORS_LOST, "An executor was lost.", 0.0, 1.0)
GONE = Finding(Verdict.VANISHED, "It is gone.", 60.0, 1.0)
ALL = ("driver_ui", "master_ui", "history_server")


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


@pytest.fixture
def ti():
    return TaskInstance()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(executor_restart, "_PROOF_PATIENCE", 0.3)
    monkeypatch.setattr(remote, "_TICK", 0.05)


def sensor(site=None, **more):
    application = site.target(*ALL).to_json() if site else "app-1"
    return SparkExecutorRestartSensor(
        **{"task_id": "sensor", "application": application, "poke_interval": 0.05, **more}
    )


def event(told, target):
    return json.loads(json.dumps(event_of(Outcome.of(told, Memory(target.application_id), target))))


def test_the_budget_is_none_restart_unless_set():
    """And whatever is set may be text, as templates give it."""
    assert sensor().plan().budget == RestartBudget()
    given = {"max_restarts": "3", "window": "10m", "min_executors": "2", "min_executors_grace": 90}
    plan = sensor(**given, limits=GuardLimits(executors_gone="30s")).plan()
    assert plan.budget == RestartBudget(restarts=3, window=600.0, minimum=2, grace=90.0, gone=30.0)
    assert plan.windows is None
    assert sensor(window="").plan().budget.window is None


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"max_restarts": -1}, "max_restarts cannot be used."),
        ({"max_restarts": "many"}, "max_restarts cannot be used."),
        ({"max_restarts": 1.5}, "max_restarts cannot be used."),
        ({"max_restarts": True}, "max_restarts cannot be used."),
        ({"max_restarts": None}, "max_restarts cannot be used."),
        ({"min_executors": "-2"}, "min_executors cannot be used."),
        ({"window": "soon"}, "window cannot be used."),
        ({"window": 0}, "window cannot be used."),
        ({"window": float("nan")}, "window cannot be used."),
        ({"min_executors_grace": float("inf")}, "min_executors_grace cannot be used."),
        ({"on_restart": "restart"}, "on_restart cannot be used."),
    ],
)
def test_what_cannot_be_used_is_refused_for_good(given, what, ti):
    """Before anybody is asked."""
    with pytest.raises(LimitError) as caught:
        sensor(**given).execute({"ti": ti})
    assert caught.value.what == what
    assert caught.value.advice
    assert isinstance(caught.value, AirflowFailException)


def test_its_own_arguments_are_templated_too():
    """After those of every sensor."""
    assert sensor().template_fields == (
        "application", "submitted_by", "conn_id", "limits",
        "max_restarts", "window", "min_executors", "min_executors_grace", "on_restart",
    )  # fmt: skip


def test_a_restart_fails_the_task_and_leaves_the_application_alone(site, ti):
    """Unless the sensor is told otherwise."""
    site.executors.append(dead("0"))
    with pytest.raises(
        ExecutorsLostError, match="^EXECUTORS_LOST: Application app-1: An executor was lost."
    ) as caught:
        sensor(site, mode="poke").execute({"ti": ti})
    assert "executor 0 on worker-1 at " in caught.value.got
    assert site.master == "RUNNING"
    assert site.count("/app/kill/") == 0
    assert ti.pushed[VERDICT_KEY]["verdict"] == "EXECUTORS_LOST"


def test_a_restart_may_end_the_application(site, ti, capsys):
    """At its master, which says afterwards that it has ended; deferred or not."""
    site.executors.append(dead("0"))
    with pytest.raises(ExecutorsLostError) as caught:
        sensor(site, mode="poke", on_restart="kill").execute({"ti": ti})
    assert site.master == "KILLED"
    assert caught.value.orphans == ()
    assert "Application app-1 was ended at its master." in capsys.readouterr().out


def test_a_deferred_sensor_ends_it_from_the_worker(site, ti):
    """The event says who was asked; the connection lets in."""
    with pytest.raises(ExecutorsLostError) as caught:
        sensor(site, on_restart="kill").execute_complete({"ti": ti}, event(LOST, site.target(*ALL)))
    assert site.master == "KILLED"
    assert caught.value.orphans == ()


@pytest.mark.parametrize(
    ("change", "witnesses", "why"),
    [
        ({"deaf": True}, ALL, "the master does not report that it has ended"),
        ({"master": "down"}, ALL, "no living master"),
        ({}, ("driver_ui",), "The application cannot be killed from here."),
    ],
)
def test_an_application_that_could_not_be_ended_is_a_possible_orphan(
    site, ti, capsys, change, witnesses, why
):
    """The finding stays what it was, and says what may be left."""
    vars(site).update(change)
    with pytest.raises(ExecutorsLostError, match="An executor was lost") as caught:
        sensor(site, on_restart="kill").execute_complete({"ti": ti}, event(LOST, site.target(*witnesses)))
    (orphan,) = caught.value.orphans
    assert orphan.startswith(f"application {ID} ({why}")
    assert f"possible orphan: application {ID}" in str(caught.value)
    assert ti.pushed[VERDICT_KEY]["verdict"] == "EXECUTORS_LOST"
    assert "Application app-1 could not be ended: " in capsys.readouterr().out


def test_a_connection_that_is_missing_on_the_worker_hides_nothing(site, ti, airflow_db):
    """The triggerer knew it; the application may be left."""
    made = sensor(site, on_restart="kill", conn_id="nowhere")
    with pytest.raises(ExecutorsLostError, match="An executor was lost") as caught:
        made.execute_complete({"ti": ti}, event(LOST, site.target(*ALL)))
    assert "There is no Airflow connection 'nowhere'." in caught.value.orphans[0]


def test_only_restarts_end_an_application(site, ti):
    """One that is gone, or of which nothing is known, is left alone."""
    with pytest.raises(VanishedError):
        sensor(site, on_restart="kill").execute_complete({"ti": ti}, event(GONE, site.target(*ALL)))
    assert site.count("/app/kill/") == 0


def test_a_soft_sensor_ends_it_too_and_skips(site, ti):
    """What becomes of the task is one thing, what becomes of the application another."""
    made = sensor(site, on_restart="kill", soft_fail=True)
    with pytest.raises(AirflowSkipException, match="An executor was lost"):
        made.execute_complete({"ti": ti}, event(LOST, site.target(*ALL)))
    assert site.master == "KILLED"
