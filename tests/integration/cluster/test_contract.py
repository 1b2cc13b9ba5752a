"""One suite for every manager: what core/cluster promises, each has to keep.

YARN and Kubernetes are the fakes of the test kit.
"""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from airflow_spark_guard.core.cluster.manager import Marks, Settings
from airflow_spark_guard.core.cluster.managers import cluster_manager
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK, ClusterState, RefusedError
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.cluster import AsyncClusterSource, BlockingClusterSource
from airflow_spark_guard.testing import FakeResourceManager

MARKS = Marks("a" * 32, "b" * 32)


class Backend:
    """A manager and the source that asks it."""

    def __init__(self, manager) -> None:
        self.manager = manager

    def add(self, course, marks=MARKS):
        conf = self.asked().submit_conf({"spark.app.name": "a job"}, marks, {})
        return self.manager.add("a job", conf, course)

    def asked(self, servers=None):
        url = self.manager.url
        extra = {"yarn_resourcemanager_webapp_address": servers or url}
        is_yarn = isinstance(self.manager, FakeResourceManager)
        return cluster_manager(Settings("yarn" if is_yarn else f"k8s://{url}", extra, {}))

    def source(self, access=Access, timeout=60.0, servers=None):
        source = AsyncClusterSource(self.asked(servers), access, timeout=timeout)
        return closing(BlockingClusterSource(source))


@pytest.fixture
def backend(manager):
    return Backend(manager)


@pytest.mark.parametrize("state", ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "VANISHED"])
def test_each_state_is_told_as_it_is(backend, state):
    """And in the manager's own words beside."""
    found = backend.add([state])
    with backend.source() as source:
        status = source.status(found.id)
    assert (status.state, status.application_id) == (state, found.id)
    assert status.what


def test_a_life_is_followed_from_its_beginning_to_its_end(backend):
    """One look after the other."""
    found = backend.add(["WAITING", "RUNNING", "SUCCEEDED"])
    with backend.source() as source:
        looks = [source.status(found.id) for _ in range(4)]
    assert [look.state for look in looks] == ["WAITING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
    assert looks[0].started_at is None
    assert looks[1].started_at is not None
    assert looks[0].submitted_at == pytest.approx(found.submitted_at, abs=1.1)


def test_what_was_never_there_has_vanished(backend):
    """It is not waited for."""
    with backend.source() as source:
        assert source.status("application_1_2").state is ClusterState.VANISHED


def test_the_active_applications_of_a_task_are_found_oldest_first(backend):
    """Not those that are over, and not another task's."""
    first = backend.add(["RUNNING"], Marks(MARKS.task, "1" * 32))
    backend.add(["SUCCEEDED"], Marks(MARKS.task, "2" * 32))
    second = backend.add(["WAITING"], Marks(MARKS.task, "3" * 32))
    backend.add(["RUNNING"], Marks("c" * 32, "4" * 32))
    with backend.source() as source:
        found = source.find(TASK_MARK, MARKS.task)
        assert {(one.application_id, one.attempt) for one in found} == {
            (first.id, "1" * 32),
            (second.id, "3" * 32),
        }
        assert [one.attempt for one in source.find(ATTEMPT_MARK, "3" * 32)] == ["3" * 32]
        assert source.find(TASK_MARK, "d" * 32) == ()


def test_an_end_is_wished_and_proven(backend):
    """Nothing is left that is active."""
    found = backend.add(["RUNNING"])
    with backend.source() as source:
        assert source.end(found.id, 60.0) == ""
        assert not source.status(found.id).state.is_active
    assert found.killed


def test_what_will_not_end_is_not_called_ended(backend):
    """The reason says what its manager still says."""
    found = backend.add(["RUNNING"])
    found.immortal = True
    with backend.source() as source:
        assert "still reports R" in source.end(found.id, 0.7)


def test_what_is_over_is_ended_at_once(backend):
    """Or gone."""
    over, gone = backend.add(["FAILED"]), backend.add(["VANISHED"], Marks("c" * 32, "e" * 32))
    with backend.source() as source:
        assert source.end(over.id, 60.0) == ""
        assert source.end(gone.id, 60.0) == ""


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_no_silence(backend, status):
    """Waiting does not help; other credentials may."""
    found = backend.add(["RUNNING"])
    backend.manager.refuse = status
    with backend.source() as source:
        with pytest.raises(RefusedError, match=f"refuses access: HTTP status {status}"):
            source.status(found.id)
        assert "refuses access" in source.end(found.id, 0.5)


@pytest.mark.parametrize(
    "trouble", [{"down": True}, {"refuse": 503}, {"delay": 1.0}], ids=["hangs up", "503", "slow"]
)
def test_no_usable_answer_is_one_error_and_soon(backend, trouble):
    """Never an end, and never for long."""
    found = backend.add(["RUNNING"])
    vars(backend.manager).update(trouble)
    with backend.source(timeout=0.3) as source, pytest.raises(UnusableAnswerError):
        source.status(found.id)
    assert not found.killed


def test_a_token_that_was_renewed_is_taken_up(backend):
    """Tokens of a pod live for an hour; the job may live longer."""
    tokens = ["old", "new"]
    found = backend.add(["RUNNING"])
    with backend.source(access=lambda: Access.bearer(tokens[0])) as source:
        backend.manager.token = "old"
        assert source.status(found.id).state is ClusterState.RUNNING
        backend.manager.token = "new"
        tokens.pop(0)
        assert source.status(found.id).state is ClusterState.RUNNING
        backend.manager.token = "another"
        with pytest.raises(RefusedError):
            source.status(found.id)


def test_the_async_source_says_the_same(backend):
    """It is the one that the others stand on."""
    found = backend.add(["WAITING", "RUNNING", "RUNNING"])

    async def all_of_it(source):
        async_source = source.source
        said = [(await async_source.status(found.id)).state, await async_source.end(found.id, 60.0)]
        await async_source.aclose()
        return said

    with backend.source() as source:
        assert asyncio.run(all_of_it(source)) == ["WAITING", ""]


def test_a_standby_manager_leads_to_the_one_in_charge(yarn):
    """Whatever the order of the addresses; the standby itself knows nothing."""
    with FakeResourceManager() as standby:
        standby.standby = yarn.url
        backend = Backend(yarn)
        found = backend.add(["RUNNING"])
        with backend.source(servers=f"{standby.url},{yarn.url}") as source:
            assert source.status(found.id).state is ClusterState.RUNNING
            assert source.end(found.id, 60.0) == ""
    assert found.killed


def test_a_sidecar_that_lives_on_does_not_hide_the_drivers_end(kubernetes):
    """A service mesh's proxy keeps the pod running for ever."""
    kubernetes.sidecar = True
    backend = Backend(kubernetes)
    good, bad = backend.add(["SUCCEEDED"]), backend.add(["FAILED"], Marks("c" * 32, "d" * 32))
    with backend.source() as source:
        assert source.status(good.id).state is ClusterState.SUCCEEDED
        assert (source.status(bad.id).state, source.status(bad.id).exit_code) == ("FAILED", 1)
