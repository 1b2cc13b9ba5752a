"""Kubernetes: the requests about a driver's pod (core/v1), and the settings that Spark's client reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote

from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.driver_pod import WHAT, pod_status
from airflow_spark_guard.core.cluster.kubeconfig import kubeconfig_access, read_token, usual_access
from airflow_spark_guard.core.cluster.manager import ClusterManager, is_url
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK, ClusterState, ClusterStatus
from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.cluster.manager import Machine, Marks, Settings
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

# Where Kubernetes puts the credentials of a pod's own account.
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_NAMESPACE = "spark.kubernetes.namespace"
_CONTAINER = "spark.kubernetes.driver.podTemplateContainerName"
_DRIVER: Final = "spark-kubernetes-driver"
# Spark's own settings for the submitter; a token itself comes from the connection only.
_TOKEN_FILE = "spark.kubernetes.authenticate.submission.oauthTokenFile"  # noqa: S105 - a setting's name
_CA_FILE = "spark.kubernetes.authenticate.submission.caCertFile"
_UPLOAD_PATH: Final = "spark.kubernetes.file.upload.path"
_POD_NAME: Final = "spark.kubernetes.driver.pod.name"
_LABEL = "spark.kubernetes.driver.label."
_WAIT = "spark.kubernetes.submission.waitAppCompletion"
_ENVIRONMENT = "spark.kubernetes.driverEnv."
# With the rest of the name at most 63 characters, as in a DNS label.
_LONGEST_NAME = 38
_OK, _NOT_FOUND = 200, 404
# Good answers to a DELETE: done, accepted, gone already, waiting for a finalizer.
_DELETED = frozenset({200, 202, 404, 409})
_GRACE = 2  # seconds between the pod's SIGTERM and SIGKILL
_TAIL = "tailLines=80&limitBytes=65536"


@dataclass(frozen=True)
class Kubernetes(ClusterManager):
    """An API server; the id of an application is the name of its driver's pod.

    Attributes:
        namespace: of the driver's pod.
        container: the pod's container that runs the driver; empty for Spark's default.
        token_file: a file with a token for the API server; empty for the usual places.
        kubeconfig: a file with server, CA and token; empty for the usual places.
    """

    key: ClassVar[str] = "kubernetes"
    title: ClassVar[str] = "Kubernetes"

    namespace: str = "default"
    container: str = ""
    token_file: str = ""
    kubeconfig: str = ""

    @classmethod
    def recognises(cls, master: str) -> bool:
        """``k8s://https://host:port``."""
        return manager_of(master) == cls.key

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """At the address in the master URL; the connection's extra overrides Spark's settings."""
        conf = settings.conf
        return cls(
            (_api_server(settings.master),),
            settings.text("cluster_ca_file") or conf.get(_CA_FILE, ""),
            settings.verify,
            namespace=settings.namespace or conf.get(_NAMESPACE) or "default",
            container=conf.get(_CONTAINER) or "",
            token_file=settings.text("kubernetes_token_file") or conf.get(_TOKEN_FILE, ""),
            kubeconfig=settings.text("kubeconfig"),
        )

    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """The status of the driver's pod."""
        answer = yield Request(self._path(application_id))
        if answer.status == _NOT_FOUND and _status_object(answer).get("reason") == "NotFound":
            what = f"there is no such pod in namespace {words.one_line(self.namespace, 100)}"
            return ClusterStatus(ClusterState.VANISHED, application_id, what=what)
        return pod_status(read.record(_decoded(answer), WHAT), self._driver)

    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active driver pods with the label ``<mark>=<value>``."""
        labels = quote(f"{mark}={value},spark-role=driver")
        answer = yield Request(f"{self._path()}?labelSelector={labels}")
        listed = read.record(_decoded(answer), WHAT)
        rows = read.rows(listed.get("items") or [], WHAT)
        return words.active(pod_status(row, self._driver) for row in rows)

    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """Delete the pod, then look; Kubernetes deletes its executors with it."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": _GRACE}
        answer = yield Request(self._path(application_id), body=options, method="DELETE")
        if answer.status not in _DELETED:
            _decoded(answer)
        return (yield from self.status(application_id))

    def log_tail(self, application_id: str) -> Dialogue[str]:
        """The last 80 lines of the driver's output; empty if there are none."""
        query = f"container={quote(self._driver)}&{_TAIL}"
        answer = yield Request(f"{self._path(application_id)}/log?{query}")
        return answer.body.decode(errors="replace") if answer.status == _OK else ""

    def submit_conf(
        self, values: Mapping[str, str], marks: Marks, environment: Mapping[str, str]
    ) -> dict[str, str]:
        """Labels, and a name for the pod that is known before Spark prints it."""
        return {
            f"{_LABEL}{TASK_MARK}": marks.task,
            f"{_LABEL}{ATTEMPT_MARK}": marks.attempt,
            _POD_NAME: values.get(_POD_NAME) or pod_name(values.get("spark.app.name", ""), marks),
            _WAIT: "false",
            **{f"{_ENVIRONMENT}{name}": value for name, value in environment.items()},
        }

    def cannot_ship(self, values: Mapping[str, str]) -> str:
        """Files reach a pod only over the upload path."""
        missing = f"its files cannot reach the driver's pod without {_UPLOAD_PATH}"
        return "" if values.get(_UPLOAD_PATH) else missing

    def known_id(self, values: Mapping[str, str]) -> str:
        """The pod's name."""
        return values.get(_POD_NAME, "")

    def own_access(self, machine: Machine) -> Access:
        """A token file or a kubeconfig that is set, the pod's own account, or the usual kubeconfig."""
        if self.token_file:
            return self._bearer(self.token_file, machine)
        if self.kubeconfig:
            return kubeconfig_access(machine, machine.path(self.kubeconfig), self.tls)
        if machine.exists(f"{SERVICE_ACCOUNT}/token"):
            return self._bearer(f"{SERVICE_ACCOUNT}/token", machine)
        return usual_access(machine, self.servers, self.tls)

    def authority(self, machine: Machine) -> bool | str:
        """In a pod, the cluster's own certificates unless others are set."""
        own = f"{SERVICE_ACCOUNT}/ca.crt"
        return own if self.tls is True and machine.exists(own) else self.tls

    def _bearer(self, file: str, machine: Machine) -> Access:
        return Access.bearer(read_token(machine, file), verify=self.authority(machine))

    @property
    def _driver(self) -> str:
        return self.container or _DRIVER

    def _path(self, pod: str = "") -> str:
        path = f"/api/v1/namespaces/{quote(self.namespace, safe='')}/pods"
        return f"{path}/{quote(pod, safe='')}" if pod else path


def pod_name(application: str, marks: Marks) -> str:
    """A readable name for the driver's pod, different for each try."""
    plain = re.sub(r"[^a-z0-9]+", "-", application.lower())[:_LONGEST_NAME].strip("-")
    return f"{plain or 'spark'}-{marks.attempt[:16]}-driver"


def _api_server(master: str) -> str:
    url = master.removeprefix("k8s://")
    # As in Spark: https without a scheme.
    server = (url if "://" in url else f"https://{url}").rstrip("/")
    if not is_url(server):
        raise BadInputError(
            "The master URL does not name a Kubernetes API server.",
            got=safe_text(master)[:300],
            expected="k8s://https://host:port",
            advice="Correct the host of the Airflow connection.",
        )
    return server


def _decoded(answer: Answer) -> object:
    return words.decoded(answer, WHAT, lambda refused: words.one_line(_status_object(refused).get("message")))


def _status_object(answer: Answer) -> Row:
    """The ``Status`` that the API server sends with an error; empty if there is none."""
    found = words.refusal(answer, WHAT) or {}
    return found if found.get("kind") == "Status" else {}
