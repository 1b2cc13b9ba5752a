"""``deferrable=True``: a trigger watches, and whatever happens to it, the application does not outlive its task."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import deserialize, serialize
from airflow.triggers.base import TriggerEvent

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.attempt import cluster_run
from airflow_spark_guard.core import errors
from airflow_spark_guard.triggers.cluster import ClusterApplicationTrigger
from tests.support.xcoms import Xcoms


@pytest.fixture(autouse=True)
def last_messages(monkeypatch):
    monkeypatch.setattr(cluster_run, "_LAST_MESSAGES", 0.5)


def deferred(stand, application=None, **kwargs):
    """What the operator defers with."""
    with pytest.raises(TaskDeferred) as caught:
        stand.operator(application, deferrable=True, **kwargs).execute(stand.context)
    return caught.value


def rebuilt(trigger):
    """As another process makes it from what Airflow has stored."""
    path, arguments = trigger.serialize()
    assert path == "airflow_spark_guard.triggers.cluster.ClusterApplicationTrigger"
    stored = json.dumps(serialize(arguments))
    return ClusterApplicationTrigger(**deserialize(json.loads(stored)))


async def first_event(trigger, patience=60.0):
    async with asyncio.timeout(patience):
        async for event in trigger.run():
            return event
    return None


def resumed(stand, defer, event, **kwargs):
    """A new operator object, in another process, takes the event."""
    operator = stand.operator(deferrable=True, **kwargs)
    return operator.resume_execution(
        defer.method_name, {**defer.kwargs, "event": event.payload if event else None}, stand.context
    )


def test_it_submits_defers_and_resumes_with_the_result(stand):
    """No worker slot is held in between."""
    defer = deferred(stand)
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    assert isinstance(event, TriggerEvent)
    assert json.loads(json.dumps(event.payload)) == event.payload
    assert resumed(stand, defer, event) == {"rows": 3}


def test_the_traceback_of_the_script_comes_back(stand):
    """As without a trigger."""
    defer = deferred(stand, stand.job("raise KeyError('x')"))
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    with pytest.raises(errors.UserCodeError, match="raised KeyError"):
        resumed(stand, defer, event)


def test_no_credential_is_among_the_triggers_arguments(stand):
    """Airflow stores them."""
    stand.connect(cluster_token="geheim-4713")
    stand.manager.token = "geheim-4713"
    defer = deferred(stand)
    assert "geheim-4713" not in json.dumps([defer.trigger.serialize(), defer.kwargs])
    assert asyncio.run(first_event(rebuilt(defer.trigger))).payload["final"]["state"] == "SUCCEEDED"


def test_a_triggerer_that_is_killed_and_started_again_goes_on(stand):
    """Its arguments say everything; the deadline is the same moment."""
    stand.manager.course = ["RUNNING"]
    defer = deferred(stand)
    with pytest.raises(TimeoutError):
        asyncio.run(first_event(rebuilt(defer.trigger), patience=0.3))
    stand.application.course.append("SUCCEEDED")
    stand.application.course.popleft()
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    assert event.payload["final"]["state"] == "SUCCEEDED"
    assert not stand.application.killed


def test_the_deadline_is_absolute(stand):
    """A triggerer that starts late finds it passed; the resumed task ends the application."""
    stand.manager.course = ["RUNNING"]
    defer = deferred(stand)
    stand.put_clock_forward(600, after=1)
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    with pytest.raises(errors.DeadlineError, match="did not end within 10m"):
        resumed(stand, defer, event)
    assert stand.application.killed


def test_a_driver_that_is_never_started_is_told_by_the_trigger(stand):
    """The start budget holds while deferred."""
    stand.manager.course = ["WAITING"]
    limits = GuardLimits(deadline="10m", start_timeout="300ms", poll_interval="50ms")
    defer = deferred(stand, limits=limits)
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    with pytest.raises(errors.StarvedError):
        resumed(stand, defer, event, limits=limits)
    assert stand.application.killed


@pytest.mark.parametrize("payload", [None, {}, {"v": 2}, {"v": 1, "final": None, "finding": None}, "done"])
def test_an_event_that_says_nothing_fails_loudly_and_ends_the_application(stand, payload):
    """It is never a success."""
    stand.manager.course = ["RUNNING"]
    defer = deferred(stand)
    with pytest.raises(errors.AttemptError, match="The trigger's event does not say how"):
        resumed(stand, defer, TriggerEvent(payload))
    assert stand.application.killed


@pytest.mark.parametrize(
    ("error", "kind"),
    [("Trigger timeout", errors.DeadlineError), ("Trigger failure", errors.AttemptError)],
)
def test_a_trigger_that_never_came_back_ends_the_application_before_it_fails(stand, error, kind):
    """Airflow calls neither its ``on_kill`` nor the operator's."""
    stand.manager.course = ["RUNNING"]
    deferred(stand)
    operator = stand.operator(deferrable=True)
    with pytest.raises(kind, match="was asked to kill"):
        operator.resume_execution("__fail__", {"error": error, "traceback": ["x"]}, stand.context)
    assert stand.application.killed
    assert stand.ti.xcoms["spark_guard_verdict"]["verdict"] == str(kind.default_verdict)


def test_where_the_manager_is_silent_too_nothing_is_called_ended(stand):
    """What may still run is named by its mark."""
    stand.manager.course = ["RUNNING"]
    deferred(stand)
    stand.manager.refuse = 503
    with pytest.raises(errors.DeadlineError) as caught:
        stand.operator(deferrable=True).resume_execution(
            "__fail__", {"error": "Trigger timeout"}, stand.context
        )
    assert "all applications with the mark spark-guard-task-" in caught.value.orphans[0]
    assert not stand.application.killed


def test_the_deferral_times_out_behind_the_triggers_own_deadline(stand):
    """Airflow's clock is the second line."""
    stand.manager.course = ["RUNNING"]
    defer = deferred(stand)
    assert 600 < defer.timeout.total_seconds() <= 600 + 120


def test_a_users_kill_of_a_deferred_task_ends_the_application(stand):
    """Airflow 3.3 asks the trigger."""
    stand.manager.course = ["RUNNING"]
    trigger = rebuilt(deferred(stand).trigger)

    async def killed():
        await trigger.on_kill()
        await trigger.cleanup()

    asyncio.run(killed())
    assert stand.application.killed


def test_post_submit_commands_run_once_after_the_end(stand):
    """Not when the task defers."""
    touched = stand.folder / "touched"
    command = {"post_submit_commands": [f"sh -c 'echo x >> {touched}'"]}
    defer = deferred(stand, **command)
    assert not touched.exists()
    resumed(stand, defer, asyncio.run(first_event(rebuilt(defer.trigger))), **command)
    assert touched.read_text() == "x\n"


def test_the_next_try_ends_what_a_killed_deferral_left(stand):
    """Below Airflow 3.3 nobody else does."""
    stand.manager.course = ["RUNNING"]
    deferred(stand)
    left = stand.application
    stand.manager.course = None
    assert stand.execute(durable=False) == {"rows": 3}
    assert left.killed


def test_a_kill_between_the_submission_and_the_deferral_ends_the_application(stand):
    """The task is not deferred any more."""
    stand.manager.course = ["RUNNING"]
    operator = stand.operator(deferrable=True)
    submit = stand.manager.submit

    def killed(asked):
        told = submit(asked)
        operator._hook._kill_switch.pull()
        return told

    stand.manager.submit = killed
    with pytest.raises(errors.KilledError):
        operator.execute(stand.context)
    assert stand.application.killed


def test_a_time_out_of_airflows_while_it_is_handed_over_leaves_nothing(stand, monkeypatch):
    """It is raised anywhere."""
    stand.manager.course = ["RUNNING"]

    class TimeOutError(BaseException):
        pass

    def interrupted(self, *_):
        raise TimeOutError

    monkeypatch.setattr(
        "airflow_spark_guard.attempt.cluster_handover.ClusterAttempt._application", interrupted
    )
    with pytest.raises(TimeOutError):
        stand.execute(deferrable=True)
    assert stand.application.killed


def test_on_kill_after_the_resume_is_heard(stand):
    """While the resumed task ends the application."""
    defer = deferred(stand)
    event = asyncio.run(first_event(rebuilt(defer.trigger)))
    operator = stand.operator(deferrable=True)
    operator.resume_execution(defer.method_name, {**defer.kwargs, "event": event.payload}, stand.context)
    operator.on_kill()


def test_in_client_mode_deferrable_has_no_effect_and_says_so(stand, log):
    """The driver runs beside the task."""
    operator = stand.operator(deferrable=True)
    operator._deploy_mode = "client"
    with pytest.raises(errors.SparkGuardError):
        operator.execute(stand.context)
    assert "deferrable=True has no effect" in log.text()


def test_in_observe_mode_the_trigger_watches_on_behind_the_deadline(stand, monkeypatch):
    """No clock of Airflow's ends the deferral either; what was observed is an XCom at once."""
    xcoms = Xcoms(monkeypatch)
    stand.manager.course = ["RUNNING"]
    limits = GuardLimits(deadline="800ms", start_timeout="700ms", poll_interval="50ms", on_finding="warn")
    defer = deferred(stand, limits=limits)
    assert defer.timeout is None
    trigger = rebuilt(defer.trigger)
    time.sleep(1.0)
    with pytest.raises(TimeoutError):
        asyncio.run(first_event(rebuilt(defer.trigger), patience=0.5))
    assert not stand.application.killed

    async def ends():
        task = asyncio.create_task(first_event(trigger))
        await asyncio.sleep(0.3)
        stand.application.course.append("SUCCEEDED")
        stand.application.course.popleft()
        return await task

    event = asyncio.run(ends())
    assert [row["verdict"] for row in event.payload["observed"]] == ["DEADLINE"]
    pushed = json.loads(xcoms.kept["d", "r", "t", -1, "spark_guard_verdict"])
    assert (pushed["verdict"], pushed["observed"]) == ("DEADLINE", True)
    with pytest.raises(errors.DriverGoneError):  # the scripted course runs no script: no closing message
        resumed(stand, defer, event, limits=limits)
    assert not stand.application.killed
