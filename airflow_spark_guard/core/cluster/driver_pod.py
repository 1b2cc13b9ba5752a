"""A driver's pod (core/v1) as an application: what its JSON says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, ClusterState, ClusterStatus
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Row

WHAT: Final = "the Kubernetes API server"
_PHASES: Final = {
    "Pending": ClusterState.WAITING,
    "Running": ClusterState.RUNNING,
    # The node does not answer: the pod may well run on.
    "Unknown": ClusterState.RUNNING,
    "Succeeded": ClusterState.SUCCEEDED,
    "Failed": ClusterState.FAILED,
}


def pod_status(pod: Row, driver: str) -> ClusterStatus:
    """What the pod says of its driver.

    Args:
        pod: the Pod object.
        driver: the container in which the driver runs.

    Raises:
        UnusableAnswerError: a phase that is not documented, or no pod at all.
    """
    metadata, status = _part(pod, "metadata"), _part(pod, "status")
    name, phase = read.text(metadata, "name", 253), read.text(status, "phase", 40)
    # A pod that has just been made may have no phase yet.
    state = _PHASES.get(phase or "Pending")
    if not name or state is None:
        raise UnusableAnswerError(f"{WHAT}: a pod in phase {phase!r}")
    container = _container(status, driver)
    ended = _part(_part(container, "state"), "terminated")
    code = ended.get("exitCode") if read.is_number(ended.get("exitCode")) else None
    if state is ClusterState.RUNNING and code is not None:
        # Its other containers live on: a service mesh's proxy does not end by itself.
        state = ClusterState.SUCCEEDED if code == 0 else ClusterState.FAILED
    deleted = "deletionTimestamp" in metadata
    return ClusterStatus(
        # Whoever deleted it, its exit code is that of a process that received SIGTERM.
        ClusterState.KILLED if deleted and state is ClusterState.FAILED else state,
        name,
        what=_in_words(status, container, phase or "Pending") + (", being deleted" if deleted else ""),
        diagnostics=_diagnostics(status, container),
        exit_code=None if code is None else int(code),
        submitted_at=_moment(metadata.get("creationTimestamp")),
        started_at=_started(container),
        attempt=read.text(_part(metadata, "labels"), ATTEMPT_MARK, 63),
    )


def _container(status: Row, driver: str) -> Row:
    """The driver's container: by its name, or the only one there is."""
    found = _list(status, "containerStatuses")
    named = [row for row in found if row.get("name") == driver]
    return (named or (found if len(found) == 1 else [{}]))[0]


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
    """``2026-11-21T03:17:00Z`` as seconds since the epoch."""
    if not isinstance(value, str):
        return None
    try:
        return EpochTime(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return None
