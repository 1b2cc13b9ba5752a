"""What a deferral is made of; ``tests/integration/cluster/test_deferrable.py`` has the whole way."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob, DeferredJob
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import KilledError
from airflow_spark_guard.operators.cluster_deferral import deferral

PLACE = Yarn(("http://rm:8088",))


def waiting(deadline_at):
    job = ClusterJob("application_1_2", "bb", 1000.0, deadline_at, 300.0, 60.0)
    return SimpleNamespace(deferred=DeferredJob(job, PLACE, 5.0), killed=False)


def test_airflows_timeout_lies_behind_the_triggers_own_deadline():
    """It is for a triggerer that is down."""
    found = deferral(waiting(time.time() + 100), "spark_x", "execute_complete", {})
    assert 215 < found["timeout"].total_seconds() <= 220
    assert found["method_name"] == "execute_complete"
    assert found["trigger"].serialize()[1]["conn_id"] == "spark_x"


def test_a_deadline_that_has_passed_leaves_the_margin():
    """Airflow takes no negative time."""
    assert deferral(waiting(1.0), "spark_x", "execute_complete", {})["timeout"].total_seconds() == 120


def test_a_task_that_was_ended_meanwhile_is_not_deferred():
    """Nobody would end the application any more."""
    hook = waiting(time.time() + 100)
    hook.cancel = lambda: ("application_1_2 (why)",)
    hook.killed = True
    with pytest.raises(KilledError, match="before it was deferred") as caught:
        deferral(hook, "spark_x", "execute_complete", {})
    assert caught.value.orphans == ("application_1_2 (why)",)


def test_without_a_submission_there_is_nothing_to_wait_for():
    """A mistake of ours, and a loud one."""
    with pytest.raises(AttributeError, match="nothing was submitted"):
        deferral(SimpleNamespace(deferred=None), "spark_x", "execute_complete", {})


def test_in_observe_mode_airflow_gives_no_time_out_either():
    """It would end the application when it passes."""
    hook = waiting(time.time() + 100)
    hook.deferred = replace(hook.deferred, job=replace(hook.deferred.job, observe=True))
    assert deferral(hook, "spark_x", "execute_complete", {})["timeout"] is None


def test_the_trigger_knows_whose_xcom_it_may_write():
    """What it observes is pushed while the task is deferred; outside Airflow there is nobody to push for."""
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=3, try_number=1)
    made = deferral(waiting(time.time() + 100), "spark_x", "execute_complete", {"ti": ti})["trigger"]
    assert made.serialize()[1]["task"] == {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": 3}
    made = deferral(waiting(time.time() + 100), "spark_x", "execute_complete", {})["trigger"]
    assert made.serialize()[1]["task"] is None
