"""What the sensors share: arguments, modes, and what Airflow is told of an end."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from airflow.sdk.exceptions import AirflowRescheduleException

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.core.errors import ApplicationError, LimitError, TriggerEventError, VanishedError
from airflow_spark_guard.core.event import event_of
from airflow_spark_guard.core.remote.lifecycle import EndedWell, Patience
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.sensors.remote_sensor import RemoteSensor
from airflow_spark_guard.task.failure import VERDICT_KEY
from airflow_spark_guard.triggers.spark_application import SparkApplicationTrigger
from tests.support.remote_site import ID, NAME, remote_site
from tests.support.task_instance import StateStore, TaskInstance
from tests.unit.core.templater import context as rendering

GONE = Finding(Verdict.VANISHED, "It is gone.", 60.0, 1.0)
LIMITS = GuardLimits(start_timeout="30s", end_timeout="0.2s")
SKIPS = [{"soft_fail": True}, {"never_fail": True}]


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


@pytest.fixture
def ti():
    return TaskInstance()


def sensor(site=None, **more):
    application = site.target("driver_ui", "master_ui", "history_server").to_json() if site else {}
    given = {"task_id": "sensor", "application": application, "limits": LIMITS, "poke_interval": 0.05}
    return RemoteSensor(**{**given, **more})


def event(told, **memory):
    return json.loads(json.dumps(event_of(Outcome.of(told, Memory(ID, **memory), Target(ID)))))


def deferred(made, ti):
    with pytest.raises(TaskDeferred) as caught:
        made.execute({"ti": ti})
    return caught.value


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("app-1", Target("app-1")),
        (" app-1\n", Target("app-1")),
        ({"name": "x", "master": "spark://h:7077"}, Target(name="x", master="spark://h:7077")),
        ({"application_id": "app-1", "driver_ui": "", "task": "running"}, Target("app-1")),
        (Target("app-1"), Target("app-1")),
        (None, Target()),
        ("", Target()),
    ],
)
def test_an_application_is_given_as_text_mapping_or_xcom(given, target):
    """What is empty, and what the task says of itself, is left out."""
    plan = sensor(application=given).plan()
    assert plan == Plan(target, patience=Patience(30.0, 0.2))


@pytest.mark.parametrize("given", [5, ["app-1"], {"nonsense": "x"}, {"driver_ui": "h:4040"}, "a\nb"])
def test_what_cannot_be_used_is_refused_before_anybody_is_asked(given, ti):
    """For good: a retry would render the same."""
    made = sensor(application=given)
    with pytest.raises(ApplicationError) as caught:
        made.execute({"ti": ti})
    assert isinstance(caught.value, AirflowFailException)
    assert ti.pushed == {}


def test_somebody_has_to_be_named(ti):
    """Here, or by the connection, or by the task that submits."""
    with pytest.raises(
        ApplicationError, match="^No driver UI, master or history server is configured for application app-1."
    ):
        sensor(application="app-1").execute({"ti": ti})
    with pytest.raises(ApplicationError, match="^No application is named."):
        sensor().execute({"ti": ti})
    for more in ({"conn_id": "mon"}, {"submitted_by": "submit"}):
        deferred(sensor(application="app-1", **more), ti)


def test_limits_of_another_kind_are_refused(ti):
    """As of the operator."""
    with pytest.raises(LimitError, match="^The operator's limits are not valid."):
        sensor(limits="5m").execute({"ti": ti})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, True),
        ({"mode": "poke"}, False),
        ({"mode": "reschedule"}, False),
        ({"default_args": {"mode": "reschedule"}}, False),
        ({"mode": "poke", "deferrable": True}, True),
        ({"deferrable": False}, False),
    ],
)
def test_a_sensor_defers_unless_a_mode_is_given(arguments, expected):
    """A worker slot is for those who ask for it."""
    assert sensor(**arguments).deferrable is expected


def test_deferral_hands_over_plan_deadline_and_task(ti):
    """All of it JSON; Airflow's own timeout comes later than the trigger's."""
    ti.map_index = 3
    before = time.time()
    told = deferred(
        sensor(application="app-1", conn_id="mon", timeout=100, poke_interval=timedelta(seconds=7)), ti
    )
    assert type(told.trigger) is SparkApplicationTrigger
    _, arguments = told.trigger.serialize()
    assert json.loads(json.dumps(arguments)) == arguments
    assert before <= arguments["began"] <= time.time()
    assert arguments["deadline"] == arguments["began"] + 100
    assert arguments["poll_interval"] == 7.0
    assert arguments["task"] == {"dag_id": "d", "run_id": "r", "task_id": "sensor", "map_index": 3}
    assert Plan.from_json(arguments["plan"]).conn_id == "mon"
    assert (told.method_name, told.timeout) == ("execute_complete", timedelta(seconds=160))


def test_a_driver_is_not_asked_without_a_pause(ti):
    """Airflow allows an interval of 0; all sensors of a triggerer would share one loop that never sleeps."""
    told = deferred(sensor(application="app-1", conn_id="mon", poke_interval=0), ti)
    assert told.trigger.poll_interval == 1.0


def test_a_good_end_is_an_xcom(ti, capsys):
    """And the log says who saw it."""
    value = sensor().execute_complete({"ti": ti}, event(EndedWell("The log is closed.")))
    assert value == {"application_id": ID, "restarts": 0, "ended": "The log is closed."}
    assert "Application app-1 succeeded. The log is closed." in capsys.readouterr().out


def test_a_finding_fails_the_task_for_good(ti):
    """Another try of the sensor would find the same past; the verdict is in XCom."""
    with pytest.raises(VanishedError, match="^VANISHED: Application app-1: It is gone.") as caught:
        sensor(retries=3).execute_complete({"ti": ti}, event(GONE))
    assert isinstance(caught.value, AirflowFailException)
    verdict = ti.pushed[VERDICT_KEY]
    assert (verdict["verdict"], verdict["retry"]) == ("VANISHED", False)
    assert "run the application again, then clear the sensor" in verdict["hint"]


def test_a_refusal_of_the_trigger_is_an_application_error(ti):
    """Such as an ambiguous name: it was no attempt, and has no verdict."""
    refused = ApplicationError("Several running applications are named 'x'.", got="app-1, app-2")
    with pytest.raises(ApplicationError, match="^Several running applications are named 'x'.") as caught:
        sensor().execute_complete({"ti": ti}, event(refused))
    assert caught.value.got == "app-1, app-2"
    assert ti.pushed == {}


@pytest.mark.parametrize("garbage", [None, {}, {"status": "success"}, {"v": 2}])
def test_an_event_that_is_none_is_no_success(ti, garbage):
    """A trigger that ended without a word."""
    with pytest.raises(TriggerEventError):
        sensor().execute_complete({"ti": ti}, garbage)


def test_a_timeout_is_airflows_own(ti):
    """Which never retries; the message says how it stood."""
    with pytest.raises(AirflowSensorTimeout) as caught:
        sensor(timeout=3600).execute_complete({"ti": ti}, event(None))
    assert str(caught.value) == (
        "Application app-1 was still running after the sensor's timeout of 1h (0 restarts so far)."
    )


@pytest.mark.parametrize("how", SKIPS, ids=str)
def test_a_soft_sensor_skips_instead(ti, site, how):
    """A finding, a time-out, a refusal, in every mode; nothing is pushed."""
    for told in (GONE, None, ApplicationError("No.")):
        with pytest.raises(AirflowSkipException):
            sensor(**how).execute_complete({"ti": ti}, event(told))
    with pytest.raises(AirflowSkipException, match="application= is not valid"):
        sensor(application=5, **how).execute({"ti": ti})
    site.over(log="open")
    with pytest.raises(AirflowSkipException, match="VANISHED"):
        sensor(site, mode="poke", **how).execute({"ti": ti})
    assert ti.pushed == {}


def test_a_poking_sensor_waits_for_the_end(ti, site):
    """In its own process."""
    made = sensor(site, mode="poke")
    assert made.poke({"ti": ti}) is False
    site.over()
    assert made.execute({"ti": ti}) == {
        "application_id": ID,
        "restarts": 0,
        "ended": "Its event log is closed: the driver ended by itself.",
    }


def test_a_poking_sensor_fails_for_good(ti, site):
    """With the verdict in XCom, as a deferred one."""
    site.over("KILLED", None)
    with pytest.raises(AirflowFailException, match="KILLED: Application app-1: "):
        sensor(site, mode="poke").execute({"ti": ti})
    assert ti.pushed[VERDICT_KEY]["verdict"] == "KILLED"
    site.others = ["app-2"]
    site.driver, site.master = True, "RUNNING"
    named = {"name": NAME, "master_ui": site.master_ui}
    with pytest.raises(AirflowFailException, match="Several running applications are named 'nightly'"):
        sensor(application=named, mode="poke").execute({"ti": ti})


def test_a_failing_poke_is_not_taken_for_one_that_may_be_repeated(ti, site):
    """Airflow's silent_fail goes on after anything that is not its own failure."""
    site.over("KILLED", None)
    with pytest.raises(AirflowFailException):
        sensor(site, mode="poke", silent_fail=True).execute({"ti": ti})


def test_a_rescheduled_sensor_counts_from_its_first_start(site):
    """Not from each poke; it asks to come again while the application runs."""
    context = {"ti": TaskInstance(), "task_state_store": StateStore()}
    with pytest.raises(AirflowRescheduleException):
        sensor(site, mode="reschedule").execute(context)
    site.over(None, None)
    site.name = "other"
    long_ago = datetime.now(UTC) - timedelta(seconds=31)
    late = {"ti": TaskInstance(first_reschedule=long_ago)}
    named = {"name": NAME, "master_ui": site.master_ui}
    with pytest.raises(VanishedError, match="No server that was asked knows this application"):
        sensor(application=named, mode="reschedule").execute(late)


def test_arguments_are_templated():
    """The names that Airflow renders, and limits that render themselves."""
    made = sensor(application="{{ run_id }}", limits=GuardLimits(start_timeout="{{ '7s' }}"))
    assert made.template_fields == ("application", "submitted_by", "conn_id", "limits")
    made.limits = made.limits.resolve(rendering())
    assert made.plan().patience.start == 7.0
