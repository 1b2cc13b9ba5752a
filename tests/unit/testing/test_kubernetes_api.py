"""The fake follows Kubernetes' reference: Pod, PodList and Status of core/v1."""

import pytest

from airflow_spark_guard.testing import FakeKubernetes
from tests.unit.testing.test_fake_driver import ended
from tests.unit.testing.test_resource_manager import ask

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def kubernetes():
    with FakeKubernetes() as fake:
        yield fake


def test_a_pod_has_the_documented_parts(kubernetes):
    """Kind, metadata, spec and status."""
    found = kubernetes.add("a job", {"spark.kubernetes.driver.label.a": "b"})
    status, pod = ask(f"{kubernetes.url}{PODS}/{found.id}")
    assert (status, pod["kind"], pod["apiVersion"]) == (200, "Pod", "v1")
    assert (pod["metadata"]["labels"]["a"], pod["status"]["phase"]) == ("b", "Running")
    assert pod["status"]["containerStatuses"][0]["state"].keys() == {"running"}


def test_pods_are_listed_by_label_and_namespace(kubernetes):
    """A PodList, empty where there are none."""
    kubernetes.add("a job", {"spark.kubernetes.driver.label.a": "b"})
    assert len(ask(f"{kubernetes.url}{PODS}?labelSelector=a%3Db")[1]["items"]) == 1
    assert ask(f"{kubernetes.url}{PODS}?labelSelector=a%3Dc")[1]["items"] == []
    assert ask(f"{kubernetes.url}/api/v1/namespaces/other/pods")[1]["items"] == []
    assert ask(f"{kubernetes.url}/api/v1/namespaces/default/services")[0] == 404


def test_a_pod_that_is_deleted_is_gone(kubernetes):
    """Or is being deleted, while something holds it."""
    found, held = kubernetes.add(), kubernetes.add("x", {"spark.kubernetes.driver.pod.name": "held"})
    held.immortal = True
    options = {"kind": "DeleteOptions", "apiVersion": "v1"}
    assert ask(f"{kubernetes.url}{PODS}/{found.id}", "DELETE", options)[0] == 200
    status, said = ask(f"{kubernetes.url}{PODS}/{found.id}")
    assert (status, said["kind"], said["reason"]) == (404, "Status", "NotFound")
    ask(f"{kubernetes.url}{PODS}/held", "DELETE", options)
    assert "deletionTimestamp" in ask(f"{kubernetes.url}{PODS}/held")[1]["metadata"]
    assert ask(f"{kubernetes.url}{PODS}/held", "DELETE", {"kind": "Pod"})[0] == 400


@pytest.mark.parametrize(("code", "reason"), [(401, "Unauthorized"), (403, "Forbidden")])
def test_a_refusal_is_a_status(kubernetes, code, reason):
    """With its reason."""
    kubernetes.refuse = code
    status, said = ask(f"{kubernetes.url}{PODS}")
    assert (status, said["kind"], said["reason"]) == (code, "Status", reason)


def test_a_pod_that_a_real_spark_submit_makes_is_taken_in_and_its_script_run(kubernetes, tmp_path):
    """The pod first, then its configuration; everything else is accepted."""
    (tmp_path / "job.py").write_text("import os, sys\nsys.exit(len(sys.argv[1:]) + int(os.environ['X']))")
    pod = {
        "kind": "Pod",
        "metadata": {"name": "mine", "labels": {"spark-app-name": "a-job", "a": "b"}},
        "spec": {
            "containers": [
                {
                    "args": [
                        "driver",
                        "--class",
                        "org.x.PythonRunner",
                        f"file://{tmp_path}/job.py",
                        "1",
                        "2",
                    ],
                    "env": [{"name": "X", "value": "4"}, {"name": "IP", "valueFrom": {}}],
                }
            ],
            "volumes": [{"name": "x", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "map"}}],
        },
    }
    assert ask(f"{kubernetes.url}{PODS}", "POST", pod) == (201, pod)
    assert kubernetes.applications["mine"].state == "WAITING"
    assert ask(f"{kubernetes.url}/api/v1/namespaces/default/services/x", "PATCH", {"a": 1})[0] == 201
    conf = {"metadata": {"name": "map"}, "data": {"spark.properties": "spark.a=b\n"}}
    assert ask(f"{kubernetes.url}/api/v1/namespaces/default/configmaps/map", "PATCH", conf)[0] == 201
    driver = kubernetes.applications["mine"].driver
    assert ended(driver) == 6
    assert ask(f"{kubernetes.url}{PODS}/mine")[1]["status"]["phase"] == "Failed"
