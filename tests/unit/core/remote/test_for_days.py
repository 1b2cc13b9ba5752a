"""A streaming application, watched for days: what a watch keeps does not grow."""

from __future__ import annotations

import pickle
from collections import deque

import pytest

from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.watch.observation import DriverView, Executor, Stage
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.core.web.snapshot import Snapshot

LIMITS = GuardLimits(executor_losses=5, executor_window="10m")
PLANS = {
    "restarts": Plan(budget=RestartBudget(restarts=5, window=600.0)),
    "whole": Plan(windows=WatchLimits.of(LIMITS, deadline=None)),
}
EVERY = 60.0
RETAINED = 20  # spark.ui.retainedDeadExecutors; its default is 100, and a look takes the longer for each


def gone(number):
    """An executor a look is given back, one an hour is lost."""
    return Executor(
        id=str(number),
        active=False,
        added=1e9 + number * EVERY,
        removed=1e9 + (number + 1) * EVERY,
        reason="Command exited with code 137" if number % 60 == 0 else "killed by driver",
        host="node7",
    )


def snapshot(number, dead):
    """Each look another stage."""
    at = 1e9 + number * EVERY
    living = Executor(id=str(number), active=True, added=at, gc_ms=number, run_ms=number, host="node7")
    stage = Stage(
        stage=number, attempt=0, tasks=10, active=1, done=5, failed=0, launched=True, counters=(number,)
    )
    view = DriverView(jobs=1, stages=(stage,), executors=(living, *dead), clock=at)
    return Snapshot(at=at, application_id="app-1", driver=view, driver_ui="http://h:4040", started=1e9)


@pytest.mark.parametrize("name", PLANS)
def test_what_a_watch_keeps_does_not_grow(name):
    """Two days of looks cost no more than the first ones, and end in nothing."""
    watch = PLANS[name].watch(1e9, history_server=True)
    dead = deque(maxlen=RETAINED)

    def looks(first, last):
        for number in range(first, last):
            assert watch.observe(snapshot(number, dead), 1e9 + number * EVERY) is None
            watch.take_notices()
            dead.append(gone(number))
        return len(pickle.dumps(watch))

    early = looks(0, 1000)
    late = looks(1000, 3000)
    assert late - early < 4096  # two bytes a look; a loss an hour is remembered
