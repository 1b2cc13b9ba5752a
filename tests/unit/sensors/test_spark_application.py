"""The sensor that is the guard's whole watchdog: which limits hold, and in which modes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_spark_guard import GuardLimits
from airflow_spark_guard.core.errors import DeadlineError, LimitError, StalledError
from airflow_spark_guard.core.remote.lifecycle import Patience
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.sensors.spark_application import SparkApplicationSensor
from tests.support.remote_site import remote_site
from tests.support.task_instance import TaskInstance
from tests.unit.core.remote.seen import STAGE, START, living, running


def sensor(**more):
    given = {"task_id": "sensor", "application": {"application_id": "app-1", "master": "spark://h:7077"}}
    return SparkApplicationSensor(**{**given, **more})


def test_the_limits_are_the_guards():
    """But for the deadline, which is none unless it is set: the application is somebody else's."""
    plan = sensor().plan()
    assert plan.windows == WatchLimits.of(GuardLimits(), deadline=None)
    assert plan.budget is None
    assert plan.patience == Patience(300.0, 120.0)
    limits = GuardLimits(
        deadline="2h", stall_timeout="5m", executor_losses=7, end_timeout="9s", start_timeout="8s"
    )
    plan = sensor(limits=limits).plan()
    assert (plan.windows.deadline, plan.windows.stall, plan.windows.losses) == (
        7200.0,
        300.0,
        7,
    )
    assert plan.patience == Patience(8.0, 9.0)


@pytest.mark.parametrize("interval", [10, 30, 300])
def test_a_stall_is_found_in_its_time_however_seldom_somebody_looks(interval):
    """A gap between two looks is one that was planned, not one in which nothing ran here."""
    watch = (
        sensor(poke_interval=interval, limits=GuardLimits(stall_timeout="10m"))
        .plan()
        .watch(START, history_server=True)
    )
    busy = replace(STAGE, active=2)
    for at in range(0, 7200, interval):
        found = watch.observe(running(START + at, *living("0"), stages=[busy]), START + at)
        if found is not None:
            break
    assert type(Outcome.of(found, watch.memory).failure()) is StalledError
    assert 1800 <= at <= 1800 + 2 * max(60, interval)


def test_it_cannot_be_rescheduled():
    """It would compare each look with none, and never find that nothing moves."""
    with pytest.raises(
        LimitError, match="^SparkApplicationSensor does not support mode reschedule."
    ) as caught:
        sensor(mode="reschedule").execute({"ti": TaskInstance()})
    assert isinstance(caught.value, AirflowFailException)
    for more in ({}, {"mode": "reschedule", "deferrable": True}):
        with pytest.raises(TaskDeferred) as deferred:
            sensor(**more).execute({"ti": TaskInstance()})
        assert Plan.from_json(deferred.value.trigger.plan).windows is not None


def test_a_poking_sensor_fails_at_the_applications_deadline():
    """Counted from its start, which was before the sensor's."""
    with remote_site() as site:
        application = site.target("driver_ui", "master_ui").to_json()
        made = sensor(application=application, limits=GuardLimits(deadline="90s"), mode="poke")
        with pytest.raises(DeadlineError, match="^DEADLINE: Application app-1: "):
            made.execute({"ti": TaskInstance()})
