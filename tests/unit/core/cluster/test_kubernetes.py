import json
import re

import pytest

from airflow_spark_guard.core.cluster.kubernetes import Kubernetes, pod_name
from airflow_spark_guard.core.cluster.manager import Marks
from airflow_spark_guard.core.cluster.status import TASK_MARK, ClusterState, RefusedError
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import play

KUBERNETES = Kubernetes(("https://h",), namespace="jobs")
MARKS = Marks("a" * 32, "b" * 32)
NAME = "a-job-0123-driver"
DRIVER = "spark-kubernetes-driver"


def pod(phase="Running"):
    return {"kind": "Pod", "metadata": {"name": NAME}, "status": {"phase": phase}}


def look(found):
    return play(KUBERNETES.status(NAME), lambda _: found)


def test_the_drivers_container_may_have_a_name_of_its_own():
    """A pod template may name it."""
    both = [{"name": "mine", "state": {"terminated": {"exitCode": 3}}}, {"name": "proxy", "state": {}}]
    found = {**pod(), "status": {"phase": "Running", "containerStatuses": both}}
    named = Kubernetes(("https://h",), container="mine")
    assert play(named.status(NAME), lambda _: found).state is ClusterState.FAILED
    assert look(found).state is ClusterState.RUNNING


def said(code, reason, message="no"):
    body = {"kind": "Status", "apiVersion": "v1", "reason": reason, "message": message, "code": code}
    return Answer(code, json.dumps(body).encode())


def test_a_pod_that_is_not_there_has_vanished():
    """By the API server's own word."""
    status = look(said(404, "NotFound"))
    assert (status.state, status.what) == ("VANISHED", "there is no such pod in namespace jobs")


@pytest.mark.parametrize(
    "answer", [Answer(404, b"<html>"), Answer(404, b"{}"), said(404, "Other"), Answer(502, b"")]
)
def test_anything_else_is_no_answer(answer):
    """A proxy's 404 is not the end of a job."""
    with pytest.raises(UnusableAnswerError):
        look(answer)


@pytest.mark.parametrize(("code", "reason"), [(401, "Unauthorized"), (403, "Forbidden")])
def test_a_refusal_says_what_the_server_says(code, reason):
    """It names the account and the right that is missing."""
    with pytest.raises(RefusedError, match=f"HTTP status {code}, 'pods is forbidden'"):
        look(said(code, reason, "pods is forbidden"))
    with pytest.raises(RefusedError, match=f"HTTP status {code}$"):
        look(Answer(code, b"<html>"))


def test_pods_are_found_by_their_label():
    """Drivers only; executors carry other labels."""
    asked = []

    def server(request):
        asked.append(request.url)
        return {"kind": "PodList", "items": [pod("Running"), pod("Failed"), pod("Pending")]}

    found = play(KUBERNETES.find(TASK_MARK, "aa"), server)
    assert [one.state for one in found] == ["RUNNING", "WAITING"]
    assert asked == ["/api/v1/namespaces/jobs/pods?labelSelector=spark-guard-task%3Daa%2Cspark-role%3Ddriver"]
    assert play(KUBERNETES.find(TASK_MARK, "aa"), lambda _: {"kind": "PodList", "items": None}) == ()


def test_a_kill_deletes_the_pod_with_a_short_grace():
    """The executors belong to it and go with it."""
    asked = []

    def server(request):
        asked.append((request.method, request.url, request.body))
        return said(404, "NotFound") if len(asked) > 1 else pod()

    assert play(KUBERNETES.kill(NAME), server).state is ClusterState.VANISHED
    assert asked[0] == (
        "DELETE",
        f"/api/v1/namespaces/jobs/pods/{NAME}",
        {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 2},
    )


@pytest.mark.parametrize("code", [403, 500])
def test_a_kill_that_is_refused_is_an_error(code):
    """Never taken for done."""
    with pytest.raises(UnusableAnswerError):
        play(KUBERNETES.kill(NAME), lambda request: said(code, "x") if request.method else pod())


def test_the_log_of_the_driver_is_its_last_lines():
    """Nothing where there is none."""
    asked = []

    def server(request):
        asked.append(request.url)
        return Answer(200, "last lines \xff".encode("latin-1"))

    assert play(KUBERNETES.log_tail(NAME), server) == "last lines \ufffd"
    assert asked[0].endswith(f"{NAME}/log?container={DRIVER}&tailLines=80&limitBytes=65536")
    assert play(KUBERNETES.log_tail(NAME), lambda _: said(400, "BadRequest")) == ""


def test_a_pod_gets_labels_and_a_name_of_its_own():
    """So that it is found before Spark says anything."""
    found = KUBERNETES.submit_conf({"spark.app.name": "My Job!"}, MARKS, {"X": "1"})
    assert found == {
        "spark.kubernetes.driver.label.spark-guard-task": "a" * 32,
        "spark.kubernetes.driver.label.spark-guard-attempt": "b" * 32,
        "spark.kubernetes.driver.pod.name": f"my-job-{'b' * 16}-driver",
        "spark.kubernetes.submission.waitAppCompletion": "false",
        "spark.kubernetes.driverEnv.X": "1",
    }
    named = KUBERNETES.submit_conf({"spark.kubernetes.driver.pod.name": "mine"}, MARKS, {})
    assert named["spark.kubernetes.driver.pod.name"] == "mine"
    assert KUBERNETES.known_id(named) == "mine"
    assert KUBERNETES.known_id({}) == ""


@pytest.mark.parametrize("name", ["", "---", "Ä" * 80, "a.b/c", "x" * 300, "1-2-"])
def test_whatever_the_job_is_called_its_pods_name_is_valid(name):
    """A DNS label, and not longer."""
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", pod_name(name, MARKS))


def test_files_reach_a_pod_by_the_upload_path_only():
    """The reason names it."""
    assert KUBERNETES.cannot_ship({"spark.kubernetes.file.upload.path": "s3a://x"}) == ""
    assert KUBERNETES.cannot_ship({}).endswith("the driver's pod without spark.kubernetes.file.upload.path")


def test_a_pods_name_is_no_id_of_sparks():
    """Nor is it what spark-submit prints: the configuration gives it."""
    assert (KUBERNETES.has_spark_ids, KUBERNETES.takes_kerberos) == (False, False)
    assert KUBERNETES.printed_id(b"pod name: a-job-driver") == ""
