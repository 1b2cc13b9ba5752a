"""Looks from a worker: one a poke, with what a process or Airflow's store remembers between them."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace

import pytest

from airflow_spark_guard.core.errors import ApplicationError, ExecutorsLostError, VanishedError
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.sensors import poking
from airflow_spark_guard.sensors.poking import Poking
from tests.support.limits import watch_limits
from tests.support.remote_site import ID, NAME, dead, living, remote_site
from tests.support.task_instance import StateStore, TaskInstance

ALL = ("driver_ui", "master_ui", "history_server")
PATIENCE = Patience(start=30.0, end=0.3)


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(poking, "_TICK", 0.05)


@pytest.fixture
def context():
    return {"ti": TaskInstance(), "task_state_store": StateStore()}


def restarts(site, *witnesses, allowed=0, **named):
    target = site.target(*(witnesses or ALL), **named)
    return Plan(target, budget=RestartBudget(restarts=allowed), patience=PATIENCE)


def made(plan, *, began=None, patient=False):
    return Poking(plan, logging.getLogger("sensor"), time.time() if began is None else began, patient)


def rescheduled(plan, **more):
    """As the next poke of a sensor in mode reschedule is: of another process."""
    return made(plan, patient=True, **more)


def test_a_poke_is_one_look_until_there_is_an_end(site, context):
    """What a later look finds, an earlier one need not know."""
    looking = made(restarts(site))
    assert [looking.look(context) for _ in range(3)] == [None, None, None]
    assert site.count("/allexecutors") == 3
    site.over()
    told = looking.look(context)
    assert (told.kind, told.application_id) == ("ended", ID)
    assert told.target == site.target(*ALL)


def test_a_silent_driver_is_asked_at_the_next_poke_again(site, context):
    """A process that goes on remembers since when it is silent."""
    looking = made(restarts(site, "driver_ui"))
    assert looking.look(context) is None
    site.driver = False
    assert looking.look(context) is None
    time.sleep(0.3)
    assert type(looking.look(context).failure()) is VanishedError


def test_a_history_server_alone_follows_an_application_to_its_end(site, context):
    """Its open log is no end."""
    site.log = "open"
    plan = restarts(site, "history_server")
    looking = made(plan)
    for poke in (looking, looking, rescheduled(plan), rescheduled(plan)):
        assert poke.look(context) is None
        time.sleep(0.2)
    site.over()
    assert looking.look(context).kind == "ended"


def test_a_rescheduled_sensor_stays_until_a_silence_is_clear(site, context):
    """The next process would begin to wait anew, for ever."""
    plan = restarts(site, "driver_ui")
    assert rescheduled(plan).look(context) is None
    site.driver = False
    begin = time.monotonic()
    assert type(rescheduled(plan).look(context).failure()) is VanishedError
    assert time.monotonic() - begin >= 0.3


def test_a_rescheduled_sensor_counts_what_the_driver_has_forgotten(site, context):
    """By Airflow's store; written on change alone."""
    plan = restarts(site, allowed=1)
    site.executors.append(dead("0"))
    for _ in range(3):
        assert rescheduled(plan).look(context) is None
    assert context["task_state_store"].writes == 1
    site.executors = [living("3"), dead("2")]
    failure = rescheduled(plan).look(context).failure()
    assert type(failure) is ExecutorsLostError
    assert failure.what == f"Application {ID}: 2 executors were lost."


def test_what_an_earlier_try_has_stored_is_not_recalled(site, context):
    """The store is shared by all tries; the sensor was cleared to watch from the start."""
    plan = restarts(site, allowed=1)
    site.executors.append(dead("0"))
    assert rescheduled(plan).look(context) is None
    site.executors = [living("3"), dead("2")]
    second = {**context, "ti": TaskInstance(id_="try-2")}
    assert rescheduled(plan).look(second) is None
    assert json.loads(context["task_state_store"].kept["spark_guard_watch"])["attempt"] == "try-2"


@pytest.mark.parametrize(
    "garbage", [5, [], {}, {"attempt": "try-1"}, {"attempt": "try-1", "known": 1, "losses": 5}]
)
def test_what_is_no_memory_is_none(site, context, garbage):
    """Of another version, or somebody else's."""
    context["task_state_store"].set("spark_guard_watch", garbage)
    site.over()
    assert rescheduled(restarts(site)).look(context).kind == "ended"


def test_without_a_store_nothing_is_recalled(site):
    """Airflow below 3.3; what the driver still lists counts all the same."""
    context = {"ti": TaskInstance()}
    assert rescheduled(restarts(site)).look(context) is None
    site.executors.append(dead("0"))
    assert rescheduled(restarts(site)).look(context).kind == "finding"


def test_a_sensor_that_holds_its_slot_writes_nothing(site, context):
    """It remembers by itself."""
    looking = made(restarts(site))
    looking.look(context)
    assert context["task_state_store"].writes == 0


def test_an_application_is_found_by_its_name_and_kept(site, context):
    """One that starts later under the same name is another one."""
    looking = made(restarts(site, name=NAME))
    assert looking.look(context) is None
    site.others = ["app-2"]
    assert looking.look(context) is None
    assert rescheduled(restarts(site, "driver_ui", name=NAME)).look(context) is None
    with pytest.raises(ApplicationError, match="Several running applications are named 'nightly'"):
        made(restarts(site, "master_ui", name=NAME)).look(context)


def test_a_name_that_nobody_knows_has_vanished(site, context):
    """After start_timeout, by the time when the sensor began; before, it goes on."""
    site.master = None
    plan = restarts(site, "master_ui", name=NAME)
    assert made(plan).look(context) is None
    told = made(plan, began=time.time() - 31).look(context)
    assert told.failure().what == "No server that was asked knows this application."


def submitted(site, *witnesses):
    target = replace(site.target(*(witnesses or ALL)), application_id="")
    return replace(restarts(site), target=target, task_id="submit")


def test_the_task_that_submits_it_names_it(site, context):
    """Until then there is nothing to look at; after start_timeout that is an error."""
    looking = made(submitted(site))
    assert looking.look(context) is None
    assert site.asked == []
    context["ti"].told["submit", -1] = {"application_id": ID, "task": "running"}
    assert looking.look(context) is None
    assert site.count("/allexecutors") == 1
    context["ti"].told.clear()
    with pytest.raises(ApplicationError, match="^Task 'submit' has not published an application id."):
        made(submitted(site), began=time.time() - 31).look(context)


def test_an_xcom_of_another_shape_is_a_clear_error(site, context):
    """At once."""
    context["ti"].told["submit", -1] = {"result": 5}
    with pytest.raises(
        ApplicationError, match="^The XCom spark_guard_application does not name an application."
    ):
        made(submitted(site)).look(context)


def test_a_mapped_sensor_follows_the_task_of_its_own_index(site):
    """Without an index Airflow would give the XComs of all of them."""
    ti = TaskInstance(map_index=3)
    site.over()
    ti.told = {
        ("submit", 0): {"application_id": "app-of-0"},
        ("submit", -1): {"application_id": "app-of-none"},
    }
    ti.told["submit", 3] = {"application_id": ID}
    assert made(submitted(site)).look({"ti": ti}).application_id == ID
    ti.told = {("submit", -1): ti.told["submit", 3]}
    assert made(submitted(site)).look({"ti": ti}).application_id == ID


@pytest.mark.parametrize(("state", "kind"), [("success", "ended"), ("failed", "finding")])
def test_the_task_that_runs_it_says_how_it_ended(site, context, state, kind):
    """Where nobody else can."""
    site.driver = False
    context["ti"].told["submit", -1] = {"application_id": ID, "task": state}
    assert made(submitted(site, "driver_ui")).look(context).kind == kind


def test_what_is_to_be_said_is_said_once(site, context, caplog):
    """In the log of the task."""
    site.driver = False
    looking = made(restarts(site))
    for _ in range(3):
        assert looking.look(context) is None
    (said,) = (record.getMessage() for record in caplog.records if record.name == "sensor")
    assert said.startswith("The application runs, but its driver cannot be asked: driver: ")
    assert said.endswith("applications: HTTP status 500; history server: knows no application app-1.")


def test_the_guards_whole_watch_looks_at_all(site, context):
    """Jobs, stages and the master too."""
    plan = Plan(site.target(*ALL), windows=watch_limits(deadline=50.0), patience=PATIENCE)
    assert made(plan).look(context).failure().verdict == "DEADLINE"
    assert site.count("/stages") == 1
    assert site.count("/master/json") == 2  # for its workers, and for the application's page


def test_somebody_has_to_be_named(context):
    """By the sensor or by its connection."""
    with pytest.raises(ApplicationError, match="^No driver UI, master or history server is configured"):
        made(Plan(replace(Plan().target, application_id=ID))).look(context)


def test_in_observe_mode_a_loss_is_said_and_the_sensor_waits_on(site, context, caplog):
    """Until the application ends, well in this case; the next process does not say it again."""
    plan = replace(restarts(site), observe=True)
    site.executors = [dead("0"), living("1")]
    assert rescheduled(plan).look(context) is None
    told = context["ti"].pushed["spark_guard_verdict"]
    assert (told["verdict"], told["observed"]) == ("EXECUTORS_LOST", True)
    assert rescheduled(plan).look(context) is None
    assert caplog.text.count("Observed, not ended") == 1
    site.over()
    end = rescheduled(plan).look(context)
    assert (end.kind, end.restarts) == ("ended", 1)


def test_in_observe_mode_an_application_that_vanishes_fails_all_the_same(site, context):
    """No limit is about it."""
    looking = made(replace(restarts(site, "driver_ui"), observe=True))
    assert looking.look(context) is None
    site.driver = False
    assert looking.look(context) is None
    time.sleep(0.3)
    assert type(looking.look(context).failure()) is VanishedError


def test_an_xcom_that_cannot_be_pushed_fails_nothing_in_observe_mode(site, context, caplog):
    """A sensor that only observes must not fail by what it says."""

    def refuse(key, value):
        raise OSError("the bucket is gone")

    site.executors = [dead("0"), living("1")]
    context["ti"].xcom_push = refuse
    assert made(replace(restarts(site), observe=True)).look(context) is None
    assert "The XCom spark_guard_verdict could not be pushed: OSError" in caplog.text
