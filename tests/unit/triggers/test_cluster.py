"""The trigger on its own; ``tests/integration/cluster/test_deferrable.py`` has it under the operator."""

import asyncio
import json
import time

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.testing import FakeResourceManager
from airflow_spark_guard.triggers import deferral_guard
from airflow_spark_guard.triggers.cluster import BaseHook, ClusterApplicationTrigger
from tests.support.xcoms import Xcoms

pytestmark = pytest.mark.usefixtures("airflow_db")


@pytest.fixture
def yarn(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_X", json.dumps({"conn_type": "spark", "host": "yarn"}))
    with FakeResourceManager() as fake:
        yield fake


def trigger(yarn, application, *, conn_id="spark_x", deadline=10.0):
    now = time.time()
    job = ClusterJob(application.id, "bb", now, now + deadline, 5.0, 5.0)
    place = Yarn((yarn.url,))
    return ClusterApplicationTrigger(conn_id, place.to_json(), job.to_json(), 0.05)


def run(trigger):
    async def first():
        async for event in trigger.run():
            return event.payload
        return None

    return asyncio.run(asyncio.wait_for(first(), 60))


def test_it_tells_the_end(yarn):
    """Once."""
    found = run(trigger(yarn, yarn.add(course=["WAITING", "RUNNING", "FAILED"])))
    assert (found["final"]["state"], found["finding"]) == ("FAILED", None)


def test_an_end_that_is_found_at_once_is_told_when_the_deferral_is_old_enough(yarn, monkeypatch):
    """A task that is back at once would be taken for one that was ended from outside."""
    monkeypatch.setattr(deferral_guard, "SETTLED", 0.8)
    begin = time.monotonic()
    assert run(trigger(yarn, yarn.add(course=["FAILED"])))["final"]["state"] == "FAILED"
    assert time.monotonic() - begin >= 0.8


def test_it_tells_a_limit_that_has_passed(yarn):
    """The task ends the application then; a trigger has no time for a proof."""
    application = yarn.add(course=["RUNNING"])
    found = run(trigger(yarn, application, deadline=0.3))
    assert found["finding"]["verdict"] == "DEADLINE"
    assert not application.killed


def test_a_connection_that_cannot_be_read_is_no_end(yarn):
    """A secrets backend may be away for a while: the deadline holds."""
    found = run(trigger(yarn, yarn.add(), conn_id="nowhere", deadline=0.5))
    assert found["finding"]["verdict"] == "DEADLINE"
    assert "the Airflow connection cannot be used" in found["finding"]["got"]


def test_an_airflow_without_async_connections_is_asked_in_a_thread(yarn, monkeypatch):
    """3.1 has none."""
    monkeypatch.delattr(BaseHook, "aget_connection", raising=False)
    found = run(trigger(yarn, yarn.add(course=["SUCCEEDED"])))
    assert found["final"]["state"] == "SUCCEEDED"


def test_a_kill_that_does_not_succeed_is_logged(yarn, capsys):
    """It may not raise."""
    asyncio.run(trigger(yarn, yarn.add(), conn_id="nowhere").on_kill())
    assert "Could not confirm termination of: application_" in capsys.readouterr().out


def test_a_restart_of_the_triggerer_kills_nothing(yarn):
    """``cleanup`` closes connections, no applications."""
    application = yarn.add()
    asyncio.run(trigger(yarn, application).cleanup())
    assert not application.killed


@pytest.mark.parametrize("refuse", [None, OSError("the bucket is gone")])
def test_in_observe_mode_a_limit_that_has_passed_is_pushed_and_ends_nothing(yarn, monkeypatch, refuse):
    """Also where it cannot be pushed."""
    xcoms = Xcoms(monkeypatch)
    xcoms.refuse = refuse
    task = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}
    watching = trigger(yarn, yarn.add(course=["RUNNING"] * 12 + ["FAILED"]), deadline=0.2)
    watching.job["observe"], watching.task_key = True, task
    found = run(watching)
    assert (found["final"]["state"], found["finding"]) == ("FAILED", None)
    assert [row["verdict"] for row in found["observed"]] == ["DEADLINE"]
    kept = xcoms.kept.get(("d", "r", "t", -1, "spark_guard_verdict"))
    assert (kept is None) is (refuse is not None)
    assert kept is None or json.loads(kept)["verdicts"] == ["DEADLINE"]
