"""What upstream's cluster mode gets wrong, each as a test that ours does not."""

from __future__ import annotations

import pytest

from airflow_spark_guard.attempt import cluster_run
from airflow_spark_guard.core import errors


@pytest.fixture(autouse=True)
def last_messages(monkeypatch):
    monkeypatch.setattr(cluster_run, "_LAST_MESSAGES", 0.5)


def test_yarn_cluster_works_with_the_defaults(yarn_stand):
    """Upstream raises ValueError: durable without yarn_track_via_rm_api."""
    assert yarn_stand.execute() == {"rows": 3}


def test_yarn_without_an_address_is_refused_before_anything_is_submitted(yarn_stand):
    """Upstream submits, and its on_kill then kills nothing."""
    yarn_stand.connect(yarn_resourcemanager_webapp_address="")
    with pytest.raises(errors.BadInputError, match="needs the address of the ResourceManager"):
        yarn_stand.execute(durable=False)
    assert not yarn_stand.manager.applications


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("polled", [True, False])
def test_a_kill_reaches_yarn_whatever_the_options(yarn_stand, durable, polled):
    """Upstream sends none after a reconnect, and none without an address."""
    yarn_stand.manager.course = ["RUNNING"]
    operator = yarn_stand.operator(durable=durable, yarn_track_via_rm_api=polled)
    told = []

    def tell(handler):
        reply = type(yarn_stand.manager).reply(yarn_stand.manager, handler)
        if yarn_stand.manager.applications and not told and handler.command == "GET":
            told.append(handler.path)
            operator._hook._kill_switch.pull()
        return reply

    yarn_stand.manager.reply = tell
    with pytest.raises(errors.KilledError):
        operator.execute(yarn_stand.context)
    assert yarn_stand.application.killed


def test_a_driver_pod_that_vanishes_while_it_runs_is_no_success(kubernetes_stand):
    """Upstream's task goes green."""
    kubernetes_stand.manager.course = ["RUNNING", "RUNNING", "VANISHED"]
    with pytest.raises(errors.VanishedError, match="no longer knows the application") as caught:
        kubernetes_stand.execute()
    assert "last seen: Running" in caught.value.got


def test_a_pod_that_stays_pending_is_not_waited_for_for_ever(kubernetes_stand):
    """Upstream polls on."""
    kubernetes_stand.manager.course = ["WAITING"]
    limits = {"start_timeout": "300ms", "deadline": "10m", "poll_interval": "50ms"}
    from airflow_spark_guard import GuardLimits

    with pytest.raises(errors.StarvedError) as caught:
        kubernetes_stand.execute(limits=GuardLimits(**limits))
    assert caught.value.got.startswith("Pending, Unschedulable: 0/3 nodes are available")


def test_kubernetes_needs_no_client_library(kubernetes_stand):
    """Upstream refuses the master without it."""
    assert kubernetes_stand.execute(track_driver_via_k8s_api=True) == {"rows": 3}


@pytest.mark.parametrize("gaps", [1, 3, 12])
def test_looks_that_fail_now_and_then_are_no_failure(stand, gaps):
    """Upstream counts them, never forgets, and fails at the tenth."""
    stand.connect(channel=False)
    stand.manager.course = ["RUNNING"] * 15 + ["SUCCEEDED"]
    answer, asked = type(stand.manager).answer, []

    def reply(method, path, query, body):
        if stand.manager.applications and stand.application.id in path:
            asked.append(path)
            if len(asked) % 2 == 0 and len(asked) <= 2 * gaps:
                return 503, ""
        return answer(stand.manager, method, path, query, body)

    stand.manager.answer = reply
    assert stand.execute() is None


def test_a_node_that_does_not_answer_is_no_failure_of_the_pod(kubernetes_stand):
    """Phase Unknown: it may well run on."""
    kubernetes_stand.connect(channel=False)
    kubernetes_stand.manager.course = ["RUNNING"] * 6 + ["SUCCEEDED"]
    answer, asked = type(kubernetes_stand.manager).answer, []

    def reply(method, path, query, body):
        status, found = answer(kubernetes_stand.manager, method, path, query, body)
        if isinstance(found, dict) and found.get("kind") == "Pod":
            asked.append(path)
            if len(asked) in {2, 3, 4, 5}:
                found["status"] = {"phase": "Unknown", "reason": "NodeLost", "message": "no answer"}
        return status, found

    kubernetes_stand.manager.answer = reply
    assert kubernetes_stand.execute() is None
