"""YARN: the ResourceManager's Cluster Applications API (version 1), and settings of Spark's YARN client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote

from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.manager import ClusterManager, is_url
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK, ClusterState, ClusterStatus
from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.cluster.manager import Marks, Settings
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row

RESOURCE_MANAGER: Final = "yarn_resourcemanager_webapp_address"
_TAGS, _ATTEMPTS = "spark.yarn.tags", "spark.yarn.maxAppAttempts"
_WAIT = "spark.yarn.submit.waitAppCompletion"
_ENVIRONMENT = "spark.yarn.appMasterEnv."
# "Submitted application application_1_2" of Spark's YARN client; other lines name it as well.
_ID = re.compile(rb"\b(application_\d{1,20}_\d{1,10})\b")
_APPS = "/v1/cluster/apps"
# The API's root at a ResourceManager, and the end of the address under which a Knox gateway serves it.
_ROOT, _GATEWAY = "/ws", "/resourcemanager"
_WHAT = "the ResourceManager"
_OK, _ACCEPTED, _NOT_FOUND = 200, 202, 404
# Spark's message for a driver's Python that ended with an exit code.
_EXIT = "User application exited with status "
_ACTIVE: Final = ("NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING")
_STATES: Final = {
    **dict.fromkeys(_ACTIVE, ClusterState.WAITING),
    "RUNNING": ClusterState.RUNNING,
    "FAILED": ClusterState.FAILED,
    "KILLED": ClusterState.KILLED,
}
# The application's own final status, once YARN reports FINISHED.
_FINISHED: Final = {
    "SUCCEEDED": ClusterState.SUCCEEDED,
    "ENDED": ClusterState.FAILED,
    "FAILED": ClusterState.FAILED,
    "KILLED": ClusterState.KILLED,
    "UNDEFINED": ClusterState.FAILED,
}


@dataclass(frozen=True)
class Yarn(ClusterManager):
    """The ResourceManagers of a cluster, of which one is active.

    Attributes:
        user: sent as ``user.name``, for a cluster with ``hadoop.http.authentication.type=simple``.
    """

    key: ClassVar[str] = "yarn"
    title: ClassVar[str] = "YARN"
    has_spark_ids: ClassVar[bool] = True
    takes_kerberos: ClassVar[bool] = True

    user: str = ""

    @classmethod
    def recognises(cls, master: str) -> bool:
        """``yarn``."""
        return manager_of(master) == cls.key

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """At the addresses in the connection's extra."""
        return cls(
            _resource_managers(settings.extra.get(RESOURCE_MANAGER)),
            settings.text("cluster_ca_file"),
            settings.verify,
            user=settings.user,
        )

    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """The status of the application."""
        answer = yield Request(self._path(f"/{quote(application_id)}"))
        if answer.status == _NOT_FOUND and _exception(answer).get("exception") == "NotFoundException":
            return ClusterStatus(ClusterState.VANISHED, application_id, what="unknown to the ResourceManager")
        return _application(read.record(read.record(_decoded(answer), _WHAT).get("app"), _WHAT))

    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active applications with the tag ``<mark>-<value>``."""
        query = f"applicationTags={quote(tag(mark, value))}&states={','.join(_ACTIVE)}"
        answer = yield Request(self._path("", query))
        found = read.record(_decoded(answer), _WHAT).get("apps")
        # If there is none, YARN answers null, or an empty object.
        rows = read.rows((found or {}).get("app") or [], _WHAT) if isinstance(found or {}, dict) else []
        return words.active(_application(row) for row in rows if tag(mark, value) in _tags(row))

    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """Ask for the end, then look: YARN accepts the request and takes a moment to fulfil it."""
        path = self._path(f"/{quote(application_id)}/state")
        answer = yield Request(path, body={"state": "KILLED"}, method="PUT")
        if answer.status not in {_OK, _ACCEPTED, _NOT_FOUND}:
            _decoded(answer)
        return (yield from self.status(application_id))

    def submit_conf(
        self, values: Mapping[str, str], marks: Marks, environment: Mapping[str, str]
    ) -> dict[str, str]:
        """Tags added to the user's own, and one attempt unless the user sets more."""
        tags = [values[_TAGS]] if values.get(_TAGS) else []
        return {
            _TAGS: ",".join([*tags, tag(TASK_MARK, marks.task), tag(ATTEMPT_MARK, marks.attempt)]),
            _WAIT: "false",
            # Users see and limit Airflow's retries, not YARN's.
            _ATTEMPTS: values.get(_ATTEMPTS) or "1",
            **{f"{_ENVIRONMENT}{name}": value for name, value in environment.items()},
        }

    def printed_id(self, output: bytes) -> str:
        """The last id in the output."""
        found = _ID.findall(output)
        return found[-1].decode() if found else ""

    def _path(self, path: str, query: str = "") -> str:
        root = "" if self.servers[0].rstrip("/").endswith(_GATEWAY) else _ROOT
        parts = [part for part in (query, f"user.name={quote(self.user)}" if self.user else "") if part]
        return f"{root}{_APPS}{path}{'?' if parts else ''}{'&'.join(parts)}"


def tag(mark: str, value: str) -> str:
    """A mark as YARN's tag: at most 100 ASCII characters, in lower case since YARN keeps them so."""
    return f"{mark}-{value}".lower()


def _resource_managers(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else str(value or "").split(",")
    found = tuple(_with_scheme(str(one).strip()) for one in listed if str(one).strip())
    if not found or not all(is_url(one) for one in found):
        raise BadInputError(
            "Cluster mode on YARN needs the address of the ResourceManager.",
            got=safe_text(f"extra {RESOURCE_MANAGER}: {value!r}")[:300],
            expected="a web address, or several of one cluster: http://rm1:8088,http://rm2:8088",
            advice=f'Set it in the Airflow connection: extra {{"{RESOURCE_MANAGER}": "http://rm:8088"}}. '
            "Without it the guard can neither watch nor end the application.",
        )
    return found


def _with_scheme(url: str) -> str:
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _exception(answer: Answer) -> Row:
    """The ResourceManager's own exception; empty if a proxy in front of it has answered."""
    found = (words.refusal(answer, _WHAT) or {}).get("RemoteException")
    return found if isinstance(found, dict) else {}


def _decoded(answer: Answer) -> object:
    return words.decoded(answer, _WHAT, _reason)


def _reason(answer: Answer) -> str:
    is_json = words.refusal(answer, _WHAT) is not None
    text = _exception(answer).get("message") if is_json else answer.body[:200].decode(errors="replace")
    line = words.one_line(text)
    return "" if line.startswith("<") else line


def _application(row: Row) -> ClusterStatus:
    name = read.text(row, "id", 100)
    named = read.text(row, "state", 40)
    final = read.text(row, "finalStatus", 40)
    state = _FINISHED.get(final) if named == "FINISHED" else _STATES.get(named)
    if not name or state is None:
        raise UnusableAnswerError(f"{_WHAT}: an application in state {named!r}, {final!r}")
    diagnostics = words.diagnostics(row.get("diagnostics"))
    queue = read.text(row, "queue", 100)
    marks = [known for known in _tags(row) if known.startswith(f"{ATTEMPT_MARK}-")]
    return ClusterStatus(
        state,
        name,
        what=named + (f" ({final})" if named == "FINISHED" else "") + (f" in queue {queue}" if queue else ""),
        diagnostics=diagnostics,
        exit_code=_exit_code(diagnostics),
        ui_url=read.web_url(row, "trackingUrl"),
        log_url=read.web_url(row, "amContainerLogs"),
        submitted_at=words.epoch_seconds(row.get("startedTime")),
        started_at=words.epoch_seconds(row.get("launchTime")),
        attempt=marks[0].removeprefix(f"{ATTEMPT_MARK}-") if marks else "",
    )


def _tags(row: Row) -> list[str]:
    return [part.strip() for part in read.text(row, "applicationTags", 2000).split(",")]


def _exit_code(diagnostics: str) -> int | None:
    _, found, rest = diagnostics.partition(_EXIT)
    digits = rest[:4].split()[0].rstrip(".,;") if found and rest.strip() else ""
    return int(digits) if digits.isdecimal() else None
