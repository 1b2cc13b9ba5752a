"""YARN's ResourceManager: what to ask, and what its JSON says (Cluster Applications API, version 1)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus, RefusedError
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

_APPS = "/v1/cluster/apps"
# Where the ResourceManager has it; a Knox gateway serves it under an address of its own, which ends so.
_ROOT, _GATEWAY = "/ws", "/resourcemanager"
_WHAT = "the ResourceManager"
_NOT_FOUND = 404
_ACCEPTED = 202
_OK = 200
_REFUSALS = frozenset({401, 403})
# Spark's own words for a driver's Python that left with a code.
_EXIT = "User application exited with status "
_ACTIVE: Final = ("NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING")
_STATES: Final = {
    **dict.fromkeys(_ACTIVE, ClusterState.WAITING),
    "RUNNING": ClusterState.RUNNING,
    "FAILED": ClusterState.FAILED,
    "KILLED": ClusterState.KILLED,
}
# What the application said of itself, once YARN says FINISHED.
_FINISHED: Final = {
    "SUCCEEDED": ClusterState.SUCCEEDED,
    "ENDED": ClusterState.FAILED,
    "FAILED": ClusterState.FAILED,
    "KILLED": ClusterState.KILLED,
    "UNDEFINED": ClusterState.FAILED,
}


@dataclass(frozen=True)
class YarnDialogues:
    """With a ResourceManager.

    Attributes:
        user: who asks, where the cluster believes everybody (``hadoop.http.authentication.type=simple``).
        root: where its API begins, below a server's address.
        manager: its name in messages.
    """

    user: str = ""
    root: str = _ROOT
    manager: str = "YARN"

    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """One look at the application."""
        answer = yield Request(self._path(f"/{quote(application_id)}"))
        return _status(answer, application_id)

    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active applications with the tag ``<mark>-<value>``."""
        query = f"applicationTags={quote(tag(mark, value))}&states={','.join(_ACTIVE)}"
        answer = yield Request(self._path("", query))
        found = read.record(_decoded(answer), _WHAT).get("apps")
        # Without any YARN answers null, or an empty object.
        rows = read.rows((found or {}).get("app") or [], _WHAT) if isinstance(found or {}, dict) else []
        apps = [_application(row) for row in rows if tag(mark, value) in _tags(row)]
        return tuple(sorted((app for app in apps if app.state.is_active), key=_age))

    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """Ask for the end, and look: YARN accepts the wish and takes a moment to fulfil it."""
        path = self._path(f"/{quote(application_id)}/state")
        answer = yield Request(path, body={"state": "KILLED"}, method="PUT")
        if answer.status not in {_OK, _ACCEPTED, _NOT_FOUND}:
            _decoded(answer)
        return (yield from self.status(application_id))

    def log_tail(self, application_id: str) -> Dialogue[str]:  # noqa: ARG002 - as its protocol has it
        """Nothing: YARN shows logs to people only; ``log_url`` says where."""
        return words.nothing()

    def _path(self, path: str, query: str = "") -> str:
        parts = [part for part in (query, f"user.name={quote(self.user)}" if self.user else "") if part]
        return f"{self.root}{_APPS}{path}{'?' if parts else ''}{'&'.join(parts)}"


def api_root(server: str) -> str:
    """Where the API begins, below the address of a ResourceManager or of a Knox gateway before it."""
    return "" if server.rstrip("/").endswith(_GATEWAY) else _ROOT


def tag(mark: str, value: str) -> str:
    """A mark as YARN's tag: at most 100 ASCII characters, in lower case since YARN keeps them so."""
    return f"{mark}-{value}".lower()


def _status(answer: Answer, application_id: str) -> ClusterStatus:
    if answer.status == _NOT_FOUND and _is_its_word(answer):
        return ClusterStatus(ClusterState.VANISHED, application_id, what="unknown to the ResourceManager")
    return _application(read.record(read.record(_decoded(answer), _WHAT).get("app"), _WHAT))


def _is_its_word(answer: Answer) -> bool:
    """Whether the 404 is the ResourceManager's own, and not that of a proxy before it."""
    with suppress(UnusableAnswerError):
        said = read.record(read.decoded(_with_ok(answer), _WHAT), _WHAT).get("RemoteException")
        return isinstance(said, dict) and said.get("exception") == "NotFoundException"
    return False


def _with_ok(answer: Answer) -> Answer:
    return type(answer)(_OK, answer.body, answer.at)


def _decoded(answer: Answer) -> object:
    if answer.status in _REFUSALS:
        raise RefusedError(f"{_WHAT} does not let us in: HTTP status {answer.status}{_reason(answer)}")
    return read.decoded(answer, _WHAT)


def _reason(answer: Answer) -> str:
    try:
        said = read.record(read.decoded(_with_ok(answer), _WHAT), _WHAT).get("RemoteException")
        text = said.get("message") if isinstance(said, dict) else ""
    except UnusableAnswerError:
        text = answer.body[:200].decode(errors="replace")
    line = words.one_line(text)
    return f", {line!r}" if line and not line.startswith("<") else ""


def _application(row: Row) -> ClusterStatus:
    name = read.text(row, "id", 100)
    named = read.text(row, "state", 40)
    final = read.text(row, "finalStatus", 40)
    state = _FINISHED.get(final) if named == "FINISHED" else _STATES.get(named)
    if not name or state is None:
        raise UnusableAnswerError(f"{_WHAT}: an application in state {named!r}, {final!r}")
    said = words.diagnostics(row.get("diagnostics"))
    queue = read.text(row, "queue", 100)
    marks = [known for known in _tags(row) if known.startswith(f"{words.ATTEMPT_MARK}-")]
    return ClusterStatus(
        state,
        name,
        what=named + (f" ({final})" if named == "FINISHED" else "") + (f" in queue {queue}" if queue else ""),
        diagnostics=said,
        exit_code=_exit_code(said),
        ui_url=read.web_url(row, "trackingUrl"),
        log_url=read.web_url(row, "amContainerLogs"),
        submitted_at=words.epoch_seconds(row.get("startedTime")),
        started_at=words.epoch_seconds(row.get("launchTime")),
        attempt=marks[0].removeprefix(f"{words.ATTEMPT_MARK}-") if marks else "",
    )


def _tags(row: Row) -> list[str]:
    return [part.strip() for part in read.text(row, "applicationTags", 2000).split(",")]


def _exit_code(said: str) -> int | None:
    _, found, rest = said.partition(_EXIT)
    digits = rest[:4].split()[0].rstrip(".,;") if found and rest.strip() else ""
    return int(digits) if digits.isdecimal() else None


def _age(found: ClusterStatus) -> tuple[float, str]:
    return found.submitted_at or 0.0, found.application_id
