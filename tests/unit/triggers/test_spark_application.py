"""The trigger on fake servers: what it tells, what it remembers, and that another one goes on where it stopped."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from importlib import import_module

import pytest

from airflow_spark_guard.core.errors import (
    ApplicationError,
    AttemptError,
    ExecutorsLostError,
    KilledError,
    VanishedError,
)
from airflow_spark_guard.core.event import event_of as payload
from airflow_spark_guard.core.event import read_event
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.triggers import deferral_guard, spark_application
from airflow_spark_guard.triggers.spark_application import MEMORY_KEY, SparkApplicationTrigger
from tests.support.limits import watch_limits
from tests.support.remote_site import ID, NAME, dead, living, remote_site
from tests.support.xcoms import Xcoms

ALL = ("driver_ui", "master_ui", "history_server")
TASK = {"dag_id": "d", "run_id": "r", "task_id": "sensor", "map_index": -1}
SUBMITTED = ("d", "r", "submit", -1, "spark_guard_application")
MEMORY = ("d", "r", "sensor", -1, MEMORY_KEY)
PATIENCE = Patience(start=0.4, end=0.4)
ENDED = "Its event log is closed: the driver ended by itself."


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


@pytest.fixture(autouse=True)
def xcoms(monkeypatch):
    return Xcoms(monkeypatch)


def trigger(plan, *, seconds=20.0, task=TASK, interval=0.05):
    now = time.time()
    return SparkApplicationTrigger(plan.to_json(), now, now + seconds, interval, task)


def restarts(site, *witnesses, allowed=0, **named):
    target = site.target(*(witnesses or ALL), **named)
    return Plan(target, budget=RestartBudget(restarts=allowed), patience=PATIENCE)


async def event_of(watching):
    (event,) = [event async for event in watching.run()]
    return json.loads(json.dumps(event.payload))


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a server of another thread sees to it
            await asyncio.sleep(0.01)


def outcome(watching, *, then=None, once=lambda: True):
    """What it tells; ``then`` is called as soon as ``once`` holds, while it watches."""

    async def run():
        async with asyncio.timeout(60):
            task = asyncio.create_task(event_of(watching))
            if then is not None:
                await until(once)
                then()
            return await task

    return read_event(Outcome, asyncio.run(run()))


def again(watching):
    """Another process makes it from what Airflow has stored."""
    path, arguments = json.loads(json.dumps(watching.serialize()))
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**arguments)


def broken_off(watching, once):
    """Its triggerer is killed as soon as ``once`` holds."""

    async def run():
        task = asyncio.create_task(event_of(watching))
        await until(once)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_an_application_that_ends_well_is_told_with_its_witness(site):
    """And who was asked."""
    told = outcome(trigger(restarts(site)), then=site.over, once=lambda: site.count("/allexecutors") >= 3)
    assert (told.kind, told.application_id, told.restarts, told.witness) == ("ended", ID, 0, ENDED)
    assert told.target == site.target(*ALL)


def test_what_is_found_at_once_is_told_when_the_deferral_is_old_enough(site, monkeypatch):
    """A task that is back at once would be taken for one that was ended from outside."""
    monkeypatch.setattr(deferral_guard, "SETTLED", 0.8)
    site.over()
    begin = time.monotonic()
    assert outcome(trigger(restarts(site))).kind == "ended"
    assert time.monotonic() - begin >= 0.8


def test_without_a_history_server_the_masters_word_is_told_with_what_it_cannot_know(site):
    """The driver may have been killed."""
    site.over(log=None)
    told = outcome(trigger(restarts(site, "driver_ui", "master_ui")))
    assert told.kind == "ended"
    assert told.witness.startswith("The master reports FINISHED (also for a killed driver)")


def test_a_history_server_that_lags_is_waited_for(site):
    """FINISHED alone is no success where one is named."""
    site.over(log=None)
    told = outcome(
        trigger(restarts(site)),
        then=lambda: setattr(site, "log", "closed"),
        once=lambda: site.count("/history/") >= 2,
    )
    assert told.witness == ENDED


def test_a_history_server_alone_follows_an_application_to_its_end(site):
    """Its open log is no end, however long it stays open."""
    site.log = "open"
    plan = restarts(site, "history_server", name=NAME)
    begin = time.monotonic()
    told = outcome(trigger(plan), then=site.over, once=lambda: time.monotonic() - begin > 3 * PATIENCE.end)
    assert (told.kind, told.application_id, told.witness) == ("ended", ID, ENDED)


def test_another_application_under_the_same_id_is_not_ours(site, xcoms):
    """Its losses are not ours, and nobody ends it for them: ours is gone."""
    watching = trigger(restarts(site))
    broken_off(watching, lambda: MEMORY in xcoms.kept)
    site.started += 50
    site.executors.append(dead("0"))
    failure = outcome(again(watching)).failure()
    assert type(failure) is VanishedError
    assert "Another application now has this id" in failure.what


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ({"log": "open"}, VanishedError, "as it does for a killed driver"),
        ({"master": None, "log": None}, VanishedError, "No server that was asked knows this application."),
        ({"master": "KILLED", "log": None}, KilledError, "was killed through the master"),
        ({"master": "FAILED", "log": None}, ExecutorsLostError, "The master gave up on the application"),
    ],
)
def test_every_other_end_is_a_failure(site, end, error, said):
    """Never a success by accident."""
    site.over(**end)
    failure = outcome(trigger(restarts(site))).failure()
    assert type(failure) is error
    assert said in failure.what


def test_a_last_job_that_failed_is_a_failure(site):
    """Though the log was closed."""
    site.failed_jobs = [{"jobId": 1}]
    site.over()
    failure = outcome(trigger(restarts(site))).failure()
    assert type(failure) is AttemptError
    assert "its last Spark job had failed" in failure.what


def test_a_driver_that_goes_silent_without_a_witness_has_vanished(site):
    """After end_timeout, and not before."""
    begin = time.monotonic()
    told = outcome(
        trigger(restarts(site, "driver_ui")),
        then=lambda: setattr(site, "driver", False),
        once=lambda: site.count("/allexecutors") >= 2,
    )
    assert time.monotonic() - begin >= PATIENCE.end
    assert "no witness reports that the application ended" in told.failure().what


def test_a_lost_executor_is_told(site):
    """Which one, where, and why."""
    told = outcome(
        trigger(restarts(site)),
        then=lambda: site.executors.append(dead("0")),
        once=lambda: site.count("/allexecutors") >= 2,
    )
    failure = told.failure()
    assert type(failure) is ExecutorsLostError
    assert failure.what == f"Application {ID}: An executor was lost."
    assert failure.got.startswith("executor 0 on worker-1 at ")
    assert told.restarts == 1


def test_restarts_that_only_the_history_tells_of_still_count(site):
    """The application was over before anybody looked."""
    site.executors = [dead("0")]
    site.over()
    assert outcome(trigger(restarts(site))).failure().what.endswith("An executor was lost.")


def test_another_triggerer_comes_to_the_same_verdict(site, xcoms):
    """Though the driver has forgotten the loss that the first one saw."""
    watching = trigger(restarts(site, allowed=1))
    lost, later = dead("0", ago=5.0), dead("2")
    site.executors.append(lost)
    broken_off(watching, lambda: MEMORY in xcoms.kept and "137" in xcoms.kept[MEMORY])
    site.executors = [living("3"), later]
    recalled = outcome(again(watching))
    site.executors.append(lost)
    xcoms.kept.clear()
    assert recalled.failure().what == f"Application {ID}: 2 executors were lost."
    assert replace(outcome(again(watching)), finding=recalled.finding) == recalled


def test_a_memory_is_written_on_change_alone(site, xcoms):
    """Each is a write to Airflow's database."""
    told = outcome(trigger(restarts(site)), then=site.over, once=lambda: site.count("/allexecutors") >= 9)
    assert told.kind == "ended"
    assert xcoms.writes == 1
    assert json.loads(xcoms.kept[MEMORY]) == {
        "application_id": ID, "known": True, "started": site.started, "losses": [], "forgotten": 0,
    }  # fmt: skip


@pytest.mark.parametrize("garbage", [5, "x", [], {"known": True}, {"losses": [[1]]}])
def test_an_xcom_that_is_no_memory_is_none(site, xcoms, garbage):
    """Somebody else's, or of another version."""
    xcoms.kept[MEMORY] = json.dumps(garbage)
    site.over()
    assert outcome(trigger(restarts(site))).kind == "ended"


def test_the_deadline_does_not_start_anew(site, monkeypatch):
    """A triggerer that comes up after it takes a last look, and tells that the time is over."""
    monkeypatch.setattr(spark_application, "_LAST_LOOK", 0.3)
    late = again(trigger(restarts(site), seconds=-5.0))
    begin = time.monotonic()
    assert outcome(late).kind == "timeout"
    assert 0.3 <= time.monotonic() - begin < 60
    assert outcome(again(late)).application_id == ID
    site.executors.append(dead("0"))
    assert outcome(again(late)).failure().what.endswith("An executor was lost."), "what has happened is told"


def test_somebody_elses_timeout_is_not_the_sensors(site, xcoms):
    """An XCom back end's, for one: the application was not watched to its time's end."""
    xcoms.kept[SUBMITTED] = json.dumps({"application_id": ID})
    watching = trigger(replace(restarts(site), task_id="submit"))
    xcoms.refuse = TimeoutError("the bucket is slow")
    with pytest.raises(TimeoutError, match="the bucket is slow"):
        asyncio.run(event_of(watching))


def test_two_running_applications_of_one_name_are_refused(site):
    """The sensor raises it as an ApplicationError, which lists both."""
    site.others = ["app-2"]
    told = outcome(trigger(restarts(site, "master_ui", name=NAME)))
    assert told.kind == "refused"
    failure = told.failure()
    assert type(failure) is ApplicationError
    assert failure.got == "the master lists app-1, app-2"


def test_an_application_is_found_by_its_name_and_kept(site, xcoms):
    """A later one of the same name is not taken for it, by another triggerer either."""
    watching = trigger(restarts(site, name=NAME))
    broken_off(watching, lambda: MEMORY in xcoms.kept)
    site.others = ["app-2"]
    told = outcome(again(watching), then=site.over)
    assert (told.kind, told.application_id) == ("ended", ID)


def test_a_name_that_comes_late_is_waited_for(site):
    """Within start_timeout; an application that was over before the next look was still ours."""
    plan = replace(restarts(site, "master_ui", "history_server", name=NAME), patience=Patience(10.0, 0.4))
    site.master = None
    told = outcome(trigger(plan), then=site.over, once=lambda: site.count("/json") >= 3)
    assert (told.kind, told.application_id) == ("ended", ID)


def test_a_name_that_nobody_knows_has_vanished(site):
    """After start_timeout."""
    site.master = None
    failure = outcome(trigger(restarts(site, "master_ui", name=NAME))).failure()
    assert failure.what == "No server that was asked knows this application."
    assert "knows no running application named 'nightly'" in failure.got


def submitted(site, *witnesses, **patience):
    return replace(
        restarts(site, *(witnesses or ALL)),
        task_id="submit",
        target=replace(site.target(*(witnesses or ALL)), application_id=""),
        patience=replace(PATIENCE, **patience),
    )


def test_the_task_that_submits_the_application_names_it(site, xcoms):
    """As soon as it has told."""
    site.over()
    told = outcome(
        trigger(submitted(site, start=10.0)),
        then=lambda: xcoms.kept.__setitem__(SUBMITTED, json.dumps({"application_id": ID, "task": "running"})),
    )
    assert (told.kind, told.application_id) == ("ended", ID)


def test_a_task_that_tells_nothing_is_a_clear_error(site):
    """After start_timeout."""
    failure = outcome(trigger(submitted(site))).failure()
    assert type(failure) is ApplicationError
    assert failure.what == "Task 'submit' has not published an application id."
    assert failure.got == "no XCom spark_guard_application within 0.4s"


def test_an_xcom_of_another_shape_is_a_clear_error(site, xcoms):
    """At once."""
    xcoms.kept[SUBMITTED] = json.dumps({"result": 5})
    failure = outcome(trigger(submitted(site, start=99.0))).failure()
    assert failure.what == "The XCom spark_guard_application does not name an application."


@pytest.mark.parametrize(("state", "kind"), [("success", "ended"), ("failed", "finding")])
def test_the_task_that_runs_it_says_how_it_ended(site, xcoms, state, kind):
    """Where nobody else can: its driver is gone, and there is no history server."""
    site.driver = False
    xcoms.kept[SUBMITTED] = json.dumps({"application_id": ID, "task": state})
    told = outcome(trigger(submitted(site, "driver_ui")))
    assert told.kind == kind
    assert (told.witness or told.finding.what).startswith("The task that r")


@pytest.mark.parametrize(("index", "told"), [(3, 3), (3, -1)], ids=["in a mapped group", "of a plain task"])
def test_a_mapped_sensor_follows_the_task_of_its_own_index(site, xcoms, index, told):
    """Else the one that is not mapped; its memory is its own in any case."""
    site.over()
    xcoms.kept["d", "r", "submit", 0, "spark_guard_application"] = json.dumps({"application_id": "app-of-0"})
    xcoms.kept["d", "r", "submit", told, "spark_guard_application"] = json.dumps({"application_id": ID})
    outcome_ = outcome(trigger(submitted(site), task={**TASK, "map_index": index}))
    assert (outcome_.kind, outcome_.application_id) == ("ended", ID)
    assert ("d", "r", "sensor", index, MEMORY_KEY) in xcoms.kept


def test_a_driver_that_cannot_be_reached_is_said_once(site, capsys):
    """It lives at the master, and the watch goes on."""
    site.driver = False
    told = outcome(trigger(restarts(site)), then=site.over, once=lambda: site.count("/master/json") >= 6)
    assert told.kind == "ended"
    assert capsys.readouterr().out.count("its driver cannot be asked") == 1


def test_many_triggers_of_one_application_share_their_looks(site):
    """Each with a task of its own."""
    plan = restarts(site, allowed=9)
    watching = [
        trigger(plan, task={**TASK, "task_id": f"sensor_{number}"}, interval=0.2) for number in range(50)
    ]

    async def run():
        tasks = [asyncio.create_task(event_of(one)) for one in watching]
        await until(lambda: site.count("/allexecutors") >= 3)
        asked, begin = site.count("/allexecutors"), time.monotonic()
        await asyncio.sleep(1.0)
        asked, took = site.count("/allexecutors") - asked, time.monotonic() - begin
        site.over()
        events = await asyncio.gather(*tasks)
        return asked / took, events

    rate, events = asyncio.run(run())
    assert rate <= 8, "five a second, not 250"
    assert {event["kind"] for event in events} == {"ended"}


def test_the_whole_watch_is_the_guards(site):
    """A limit of the watchdog's, through the trigger: its deadline counts from the application's start."""
    plan = Plan(site.target(*ALL), windows=watch_limits(deadline=50.0), patience=PATIENCE)
    told = outcome(trigger(plan))
    assert told.failure().verdict == "DEADLINE"
    assert site.count("/stages") >= 1


def test_serialize_gives_what_makes_the_same_trigger_again(site):
    """Airflow stores it once, encrypted, and makes it from that after each start of a triggerer."""
    watching = trigger(restarts(site))
    path, arguments = watching.serialize()
    assert path == "airflow_spark_guard.triggers.spark_application.SparkApplicationTrigger"
    assert again(watching).serialize() == (path, arguments)
    assert Plan.from_json(arguments["plan"]) == restarts(site)


def test_arguments_of_another_version_are_a_clear_error(site):
    """The package was changed while the sensor was deferred."""
    watching = trigger(restarts(site))
    watching.plan["new"] = 1
    failure = outcome(watching).failure()
    assert failure.what == "The trigger's plan cannot be read."


def test_credentials_are_in_no_argument_event_or_xcom(site, xcoms, airflow_db, monkeypatch):
    """The connection is looked up where it is used; its servers do get them."""
    connection = {"conn_type": "spark_monitor", "host": site.url, "login": "ann", "password": "hunter2"}
    monkeypatch.setenv("AIRFLOW_CONN_MON", json.dumps(connection))
    site.over()
    watching = trigger(replace(restarts(site), conn_id="mon"))
    told = outcome(watching)
    assert told.kind == "ended"
    assert site.credentials == {"Basic YW5uOmh1bnRlcjI="}
    kept = json.dumps([watching.serialize(), payload(told), list(xcoms.kept.values())])
    assert "hunter2" not in kept
    assert "YW5u" not in kept


def test_a_connection_that_is_not_there_is_refused(site, airflow_db):
    """The sensor says so, instead of ending without a word."""
    told = outcome(trigger(replace(restarts(site), conn_id="nowhere")))
    assert told.kind == "refused"
    assert "'nowhere'" in told.failure().what


def test_in_observe_mode_a_loss_is_an_xcom_and_the_watch_goes_on(site, xcoms):
    """To the application's own end."""
    site.executors = [dead("0"), living("1")]
    key = ("d", "r", "sensor", -1, "spark_guard_verdict")
    told = outcome(
        trigger(replace(restarts(site), observe=True)), then=site.over, once=lambda: key in xcoms.kept
    )
    assert (told.kind, told.restarts) == ("ended", 1)
    pushed = json.loads(xcoms.kept[key])
    assert (pushed["verdict"], pushed["observed"]) == ("EXECUTORS_LOST", True)
