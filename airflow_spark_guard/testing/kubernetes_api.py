"""A Kubernetes API server: the part of core/v1 that is needed to watch and end a driver's pod."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.conf.properties import parse
from airflow_spark_guard.testing.fake_manager import FakeManager

if TYPE_CHECKING:
    from airflow_spark_guard.testing.fake_manager import FakeApplication

_LABEL = "spark.kubernetes.driver.label."
_NAMESPACE = "spark.kubernetes.namespace"
# Keys for what is kept of a pod that a real spark-submit has created.
_CONFIG_MAP, _WORDS = "testing.configMap", "testing.words"
_PHASES = {
    ClusterState.WAITING: "Pending",
    ClusterState.RUNNING: "Running",
    ClusterState.SUCCEEDED: "Succeeded",
    ClusterState.FAILED: "Failed",
}


class FakeKubernetes(FakeManager):
    """Answers as documented in the reference of the Kubernetes API.

    A real spark-submit can submit to it, too: it keeps the driver's pod and its configuration, and accepts
    everything else without effect.

    Attributes:
        sidecar: whether pods have a second container, which does not end by itself.
    """

    environment_key: ClassVar[str] = "spark.kubernetes.driverEnv."

    def __init__(self) -> None:
        super().__init__()
        self.sidecar = False

    def new_id(self, conf: dict[str, str]) -> str:
        """The pod's name, from the configuration or generated."""
        return conf.get("spark.kubernetes.driver.pod.name") or f"pod-{len(self.applications)}-driver"

    def printed(self, application: str) -> list[str]:
        """Of Spark's watcher of the pod."""
        return [
            f"LoggingPodStatusWatcherImpl: State changed, new state:\n\t pod name: {application}",
            f"LoggingPodStatusWatcherImpl: Deployed Spark application with pod {application}",
        ]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Handle requests to list, read and delete pods, and to read their logs."""
        namespace, _, rest = path.removeprefix("/api/v1/namespaces/").partition("/")
        kind, _, rest = rest.partition("/")
        name, _, part = rest.partition("/")
        if method in {"POST", "PATCH", "PUT"}:
            return self._made(kind, namespace, body)
        if kind != "pods":
            return _status(404, "NotFound", "the server could not find the requested resource")
        if not name:
            return 200, self._listed(namespace, query)
        found = self.applications.get(name)
        if found is None or found.conf.get(_NAMESPACE, "default") != namespace:
            return _missing(name)
        return self._deleted(found, body) if method == "DELETE" else self._read(found, part)

    def refusal(self, status: int) -> tuple[int, Any]:
        """A ``Status`` object with the reason that the API server gives."""
        reason = {401: "Unauthorized", 403: "Forbidden"}[status]
        return _status(status, reason, reason if status == 401 else "pods is forbidden: no rights")  # noqa: PLR2004

    def _made(self, kind: str, namespace: str, body: Any) -> tuple[int, Any]:
        """Accept what a real spark-submit creates; the answer is the created object."""
        if kind == "pods":
            self.add(body["metadata"]["labels"].get("spark-app-name", ""), _conf_of(namespace, body))
            self.applications[body["metadata"]["name"]].course = deque(
                ClusterState(state) for state in self.course or ("WAITING",)
            )
        elif kind == "configmaps" and "spark.properties" in body.get("data", {}) and self.course is None:
            name = body["metadata"]["name"]
            found = next(one for one in self.applications.values() if one.conf.get(_CONFIG_MAP) == name)
            conf = parse(body["data"]["spark.properties"])
            words = json.loads(found.conf[_WORDS])
            files, py_files = (_listed(conf.get(key)) for key in ("spark.files", "spark.submit.pyFiles"))
            self.start(found, words, files, py_files)
        return 201, body

    def _read(self, found: FakeApplication, part: str) -> tuple[int, Any]:
        pod = self._pod(found, look=not part)
        if pod is None:
            return _missing(found.id)
        if part == "log":
            return 200, found.driver.log if found.driver is not None else found.diagnostics
        return 200, pod

    def _listed(self, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        wanted = dict(part.split("=", 1) for part in query.get("labelSelector", "").split(",") if part)
        pods = [
            pod
            for found in self.applications.values()
            if found.conf.get(_NAMESPACE, "default") == namespace
            and (pod := self._pod(found, look=False)) is not None
            and wanted.items() <= pod["metadata"]["labels"].items()
        ]
        return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": pods}

    def _deleted(self, found: FakeApplication, body: Any) -> tuple[int, Any]:
        if body is not None and body.get("kind") != "DeleteOptions":
            return _status(400, "BadRequest", "not DeleteOptions")
        pod = self._pod(found, look=False)
        found.kill()
        return _missing(found.id) if pod is None else (200, pod)

    def _pod(self, found: FakeApplication, *, look: bool) -> dict[str, Any] | None:
        """The Pod object; None once it is gone."""
        state = found.look() if look else found.state
        if state in {ClusterState.VANISHED, ClusterState.KILLED}:
            return None
        labels = {
            key.removeprefix(_LABEL): value for key, value in found.conf.items() if key.startswith(_LABEL)
        }
        metadata = {
            "name": found.id,
            "namespace": found.conf.get(_NAMESPACE, "default"),
            "uid": f"uid-of-{found.id}",
            "labels": {**labels, "spark-role": "driver", "spark-app-selector": f"spark-{found.id}"},
            "creationTimestamp": _moment(found.submitted_at),
        }
        if found.killed:
            metadata["deletionTimestamp"] = _moment(epoch_now())
        containers = [{"name": "spark-kubernetes-driver", "image": "apache/spark"}]
        statuses = [_container(found, state)]
        phase = _PHASES[state]
        if self.sidecar:
            containers.append({"name": "istio-proxy", "image": "istio/proxyv2"})
            statuses.insert(
                0, {"name": "istio-proxy", "state": {"running": {"startedAt": _moment(EpochTime(0.0))}}}
            )
            phase = "Pending" if state is ClusterState.WAITING else "Running"
        return {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": metadata,
            "spec": {"containers": containers, "restartPolicy": "Never"},
            "status": {
                "phase": phase,
                "conditions": _conditions(found, state),
                "containerStatuses": [] if state is ClusterState.WAITING else statuses,
                "startTime": _moment(found.submitted_at),
            },
        }


def _conf_of(namespace: str, pod: dict[str, Any]) -> dict[str, str]:
    """The configuration from which Spark has created this pod."""
    container = pod["spec"]["containers"][0]
    env = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    arguments = container["args"]
    maps = [volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume]
    return {
        "spark.kubernetes.driver.pod.name": pod["metadata"]["name"],
        _NAMESPACE: namespace,
        _CONFIG_MAP: maps[0],
        _WORDS: json.dumps(arguments[arguments.index("--class") + 2 :]),
        **{f"{_LABEL}{name}": value for name, value in pod["metadata"]["labels"].items()},
        **{f"{FakeKubernetes.environment_key}{name}": value for name, value in env.items()},
    }


def _listed(value: str | None) -> list[str]:
    return [part for part in (value or "").split(",") if part]


def _conditions(found: FakeApplication, state: ClusterState) -> list[dict[str, Any]]:
    waiting = state is ClusterState.WAITING
    scheduled: dict[str, Any] = {"type": "PodScheduled", "status": "False" if waiting else "True"}
    if waiting:
        message = found.diagnostics or "0/3 nodes are available: 3 Insufficient memory."
        scheduled.update(reason="Unschedulable", message=message)
    return [scheduled]


def _container(found: FakeApplication, state: ClusterState) -> dict[str, Any]:
    begun = _moment(found.started_at or found.submitted_at)
    if state is ClusterState.RUNNING:
        now: dict[str, Any] = {"running": {"startedAt": begun}}
    else:
        good = state is ClusterState.SUCCEEDED
        now = {
            "terminated": {
                "exitCode": 0 if good else (found.exit_code or 1),
                "reason": "Completed" if good else "Error",
                "startedAt": begun,
                "finishedAt": _moment(epoch_now()),
            }
        }
    return {"name": "spark-kubernetes-driver", "state": now, "ready": False, "restartCount": 0}


def _moment(at: EpochTime) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _missing(name: str) -> tuple[int, Any]:
    return _status(404, "NotFound", f'pods "{name}" not found')


def _status(code: int, reason: str, message: str) -> tuple[int, Any]:
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
