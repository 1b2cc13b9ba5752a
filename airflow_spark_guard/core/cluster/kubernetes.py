"""The Kubernetes API server: what to ask about a driver's pod, and what its JSON says (core/v1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus, RefusedError
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

_WHAT = "the Kubernetes API server"
_OK = 200
_NOT_FOUND = 404
_REFUSALS = frozenset({401, 403})
# What a DELETE may answer: done, taken, gone already, being deleted with a finalizer.
_DELETED = frozenset({200, 202, 404, 409})
DRIVER_CONTAINER: Final = "spark-kubernetes-driver"
_GRACE = 2  # seconds between the pod's SIGTERM and SIGKILL
_TAIL = "tailLines=80&limitBytes=65536"
_PHASES: Final = {
    "Pending": ClusterState.WAITING,
    "Running": ClusterState.RUNNING,
    # The node does not answer: the pod may well run on.
    "Unknown": ClusterState.RUNNING,
    "Succeeded": ClusterState.SUCCEEDED,
    "Failed": ClusterState.FAILED,
}


@dataclass(frozen=True)
class KubernetesDialogues:
    """With an API server.

    Attributes:
        namespace: of the driver's pod.
        container: of the pod, in which the driver runs.
        manager: its name in messages.
    """

    namespace: str = "default"
    container: str = DRIVER_CONTAINER
    manager: str = "Kubernetes"

    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """One look at the driver's pod."""
        answer = yield Request(self._path(application_id))
        return self._status(answer, application_id)

    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active driver pods with the label ``<mark>=<value>``."""
        labels = quote(f"{mark}={value},spark-role=driver")
        answer = yield Request(f"{self._path()}?labelSelector={labels}")
        listed = read.record(_decoded(answer), _WHAT)
        pods = [self._pod(row) for row in read.rows(listed.get("items") or [], _WHAT)]
        return tuple(sorted((pod for pod in pods if pod.state.is_active), key=_age))

    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """Delete the pod, and look; its executors belong to it and go with it."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": _GRACE}
        answer = yield Request(self._path(application_id), body=options, method="DELETE")
        if answer.status not in _DELETED:
            _decoded(answer)
        return (yield from self.status(application_id))

    def log_tail(self, application_id: str) -> Dialogue[str]:
        """The last 80 lines of the driver's output; empty where there are none to be had."""
        query = f"container={quote(self.container)}&{_TAIL}"
        answer = yield Request(f"{self._path(application_id)}/log?{query}")
        return answer.body.decode(errors="replace") if answer.status == _OK else ""

    def _path(self, pod: str = "") -> str:
        path = f"/api/v1/namespaces/{quote(self.namespace, safe='')}/pods"
        return f"{path}/{quote(pod, safe='')}" if pod else path

    def _status(self, answer: Answer, application_id: str) -> ClusterStatus:
        if answer.status == _NOT_FOUND and _reason_of(answer) == "NotFound":
            return ClusterStatus(
                ClusterState.VANISHED,
                application_id,
                what=f"there is no such pod in namespace {words.one_line(self.namespace, 100)}",
            )
        return self._pod(read.record(_decoded(answer), _WHAT))

    def _pod(self, pod: Row) -> ClusterStatus:
        metadata, status = _part(pod, "metadata"), _part(pod, "status")
        name, phase = read.text(metadata, "name", 253), read.text(status, "phase", 40)
        # A pod that has just been made may have no phase yet.
        state = _PHASES.get(phase or "Pending")
        if not name or state is None:
            raise UnusableAnswerError(f"{_WHAT}: a pod in phase {phase!r}")
        container = self._driver(status)
        ended = _part(_part(container, "state"), "terminated")
        code = ended.get("exitCode") if read.is_number(ended.get("exitCode")) else None
        if state is ClusterState.RUNNING and code is not None:
            # Its other containers live on: a service mesh's proxy does not end by itself.
            state = ClusterState.SUCCEEDED if code == 0 else ClusterState.FAILED
        deleted = "deletionTimestamp" in metadata
        return ClusterStatus(
            # Whoever deleted it, its code is that of a process that was told to end.
            ClusterState.KILLED if deleted and state is ClusterState.FAILED else state,
            name,
            what=_in_words(status, container, phase or "Pending") + (", being deleted" if deleted else ""),
            diagnostics=_diagnostics(status, container),
            exit_code=None if code is None else int(code),
            submitted_at=_moment(metadata.get("creationTimestamp")),
            started_at=_started(container),
            attempt=read.text(_part(metadata, "labels"), words.ATTEMPT_MARK, 63),
        )

    def _driver(self, status: Row) -> Row:
        """The driver's container: by its name, or the only one there is."""
        found = _list(status, "containerStatuses")
        named = [row for row in found if row.get("name") == self.container]
        return (named or (found if len(found) == 1 else [{}]))[0]


def _decoded(answer: Answer) -> object:
    if answer.status in _REFUSALS:
        said = _status_object(answer)
        text = words.one_line(said.get("message"))
        raise RefusedError(
            f"{_WHAT} does not let us in: HTTP status {answer.status}{f', {text!r}' if text else ''}"
        )
    return read.decoded(answer, _WHAT)


def _reason_of(answer: Answer) -> str:
    return read.text(_status_object(answer), "reason", 40)


def _status_object(answer: Answer) -> Row:
    """The ``Status`` that the API server sends instead of what was asked for; empty where it is none."""
    try:
        said = read.record(read.decoded(type(answer)(_OK, answer.body, answer.at), _WHAT), _WHAT)
    except UnusableAnswerError:
        return {}
    return said if said.get("kind") == "Status" else {}


def _part(row: Row, name: str) -> dict[str, Any]:
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _list(row: Row, name: str) -> list[Row]:
    found = row.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _conditions(status: Row) -> list[Row]:
    """Why a pod is not where it should be: the conditions that do not hold."""
    found = _list(status, "conditions")
    return [row for row in found if row.get("type") == "PodScheduled" and row.get("status") == "False"]


def _in_words(status: Row, container: Row, phase: str) -> str:
    """``Pending, Unschedulable``, ``Pending, ImagePullBackOff``, ``Failed, OOMKilled``, and so on."""
    state = _part(container, "state")
    reasons = [
        *(row.get("reason") for row in _conditions(status)),
        _part(state, "waiting").get("reason"),
        _part(state, "terminated").get("reason"),
        status.get("reason"),
    ]
    named = [words.one_line(reason, 60) for reason in reasons]
    return ", ".join(dict.fromkeys([phase, *(name for name in named if name)]))


def _diagnostics(status: Row, container: Row) -> str:
    state = _part(container, "state")
    return words.diagnostics(
        *(row.get("message") for row in _conditions(status)),
        _part(state, "waiting").get("message"),
        _part(state, "terminated").get("message"),
        status.get("message"),
    )


def _started(container: Row) -> EpochTime | None:
    state = _part(container, "state")
    begun = _part(state, "running").get("startedAt") or _part(state, "terminated").get("startedAt")
    return _moment(begun)


def _moment(value: object) -> EpochTime | None:
    """``2026-11-21T03:17:00Z`` as a time."""
    if not isinstance(value, str):
        return None
    try:
        return EpochTime(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return None


def _age(found: ClusterStatus) -> tuple[float, str]:
    return found.submitted_at or 0.0, found.application_id
