"""A driver's pod as an application."""

import pytest

from airflow_spark_guard.core.cluster.driver_pod import pod_status
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.web.answer import UnusableAnswerError

NAME = "a-job-0123-driver"
DRIVER = "spark-kubernetes-driver"


def pod(phase="Running", **status):
    return {
        "kind": "Pod",
        "metadata": {
            "name": NAME,
            "creationTimestamp": "1970-01-01T00:00:10Z",
            "labels": {"spark-guard-attempt": "bb"},
        },
        "status": {"phase": phase, **status},
    }


def container(name=DRIVER, **state):
    return {"name": name, "state": state}


def look(found, driver=DRIVER):
    return pod_status(found, driver)


def ended(code, reason="Error", **more):
    return {"exitCode": code, "reason": reason, "startedAt": "1970-01-01T00:00:20Z", **more}


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("Pending", "WAITING"),
        ("", "WAITING"),
        ("Running", "RUNNING"),
        ("Unknown", "RUNNING"),
        ("Succeeded", "SUCCEEDED"),
        ("Failed", "FAILED"),
    ],
)
def test_every_phase_has_a_state(phase, told):
    """A node that does not answer ends no pod."""
    status = look(pod(phase))
    assert (status.state, status.application_id, status.attempt) == (told, NAME, "bb")
    assert (status.submitted_at, status.started_at) == (10.0, None)


def test_a_phase_that_is_not_documented_is_no_answer():
    """Never a success by accident."""
    with pytest.raises(UnusableAnswerError, match="a pod in phase 'Nice'"):
        look(pod("Nice"))


def test_a_pod_that_fits_nowhere_says_why():
    """What the scheduler says is what the user needs."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    status = look(pod("Pending", conditions=[condition, {"type": "Ready", "status": "False"}, "x"]))
    assert (status.what, status.diagnostics) == ("Pending, Unschedulable", "0/3 nodes")


def test_an_image_that_is_not_there_says_so():
    """As ``kubectl describe`` does."""
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    status = look(pod("Pending", containerStatuses=[container(waiting=waiting)]))
    assert (status.what, status.diagnostics) == ("Pending, ImagePullBackOff", "Back-off pulling image")


def test_an_end_has_its_code_and_its_reason():
    """137 and OOMKilled, say."""
    status = look(pod("Failed", containerStatuses=[container(terminated=ended(137, "OOMKilled"))]))
    assert (status.state, status.exit_code, status.what) == ("FAILED", 137, "Failed, OOMKilled")
    assert status.started_at == 20.0


def test_an_eviction_is_named():
    """The node was short of memory, say."""
    status = look(pod("Failed", reason="Evicted", message="low on resource: memory"))
    assert (status.what, status.diagnostics) == ("Failed, Evicted", "low on resource: memory")


@pytest.mark.parametrize(("code", "told"), [(0, "SUCCEEDED"), (3, "FAILED")])
def test_the_drivers_container_counts_whatever_runs_beside_it(code, told):
    """A sidecar does not end by itself."""
    proxy = container("istio-proxy", running={"startedAt": "1970-01-01T00:00:15Z"})
    status = look(pod("Running", containerStatuses=[proxy, container(terminated=ended(code))]))
    assert (status.state, status.exit_code) == (told, code)


def test_a_container_of_another_name_counts_where_it_is_the_only_one_or_named():
    """A pod template may name it."""
    only = [container("mine", terminated=ended(3))]
    assert look(pod("Running", containerStatuses=only)).state is ClusterState.FAILED
    both = [*only, container("proxy", running={})]
    assert look(pod("Running", containerStatuses=both)).state is ClusterState.RUNNING
    assert look(pod("Running", containerStatuses=both), "mine").state is ClusterState.FAILED


def test_a_pod_that_somebody_deletes_was_killed():
    """Its code is that of a process that was told to end."""
    found = pod("Failed", containerStatuses=[container(terminated=ended(143))])
    found["metadata"]["deletionTimestamp"] = "1970-01-01T00:00:30Z"
    status = look(found)
    assert (status.state, status.what) == ("KILLED", "Failed, Error, being deleted")
    running = pod("Running")
    running["metadata"]["deletionTimestamp"] = "1970-01-01T00:00:30Z"
    assert look(running).state is ClusterState.RUNNING


@pytest.mark.parametrize("value", ["soon", 7, "0000-00-00T00:00:00Z"])
def test_a_moment_that_is_none_is_not_known(value):
    """The rest of the answer counts."""
    found = pod()
    found["metadata"]["creationTimestamp"] = value
    assert look(found).submitted_at is None
