"""A standalone master in the words of the other managers; ``core/web/master_json.py`` knows its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.cluster import status as words
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Dialogue, Row

_WHAT = "the master"
_STATES: Final = {
    "WAITING": ClusterState.WAITING,
    "RUNNING": ClusterState.RUNNING,
    # It says so of a driver that was killed, too: its word alone is no success of a Python application.
    "FINISHED": ClusterState.SUCCEEDED,
    "FAILED": ClusterState.FAILED,
    "KILLED": ClusterState.KILLED,
    "UNKNOWN": ClusterState.RUNNING,
}


@dataclass(frozen=True)
class StandaloneDialogues:
    """With a standalone master.

    Attributes:
        page: its web page, such as ``http://host:8080``.
        manager: its name in messages.
    """

    page: str
    manager: str = "The master"

    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """One look at the application."""
        state = yield from self._state()
        rows = [*_rows(state, "activeapps"), *_rows(state, "completedapps")]
        found = next((row for row in rows if row.get("id") == application_id), None)
        if found is None:
            return ClusterStatus(ClusterState.VANISHED, application_id, what="unknown to the master")
        return _application(found)

    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active applications whose name holds ``<mark>-<value>``: it knows no tags."""
        state = yield from self._state()
        marked = f"{mark}-{value}"
        rows = [row for row in _rows(state, "activeapps") if marked in read.text(row, "name", 1000)]
        return tuple(_application(row) for row in rows)

    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """End it by the form of the master's page, and look."""
        yield from master_json.kill((), self.page, application_id)
        return (yield from self.status(application_id))

    def log_tail(self, application_id: str) -> Dialogue[str]:  # noqa: ARG002 - as its protocol has it
        """Nothing: drivers of Python applications run beside the task."""
        return words.nothing()

    def _state(self) -> Dialogue[Row]:
        state = read.record(read.decoded((yield Request(f"{self.page}/json/")), _WHAT), _WHAT)
        if state.get("status") != "ALIVE":
            raise UnusableAnswerError(f"{_WHAT} is {read.text(state, 'status', 20) or 'none'}")
        return state


def _rows(state: Row, name: str) -> list[Row]:
    return read.rows(state.get(name), _WHAT)


def _application(row: Row) -> ClusterStatus:
    named = read.text(row, "state", 20)
    state = _STATES.get(named)
    if state is None:
        raise UnusableAnswerError(f"{_WHAT}: an application in state {named!r}")
    begun = words.epoch_seconds(row.get("starttime"))
    return ClusterStatus(
        state,
        read.text(row, "id", 100),
        what=named,
        submitted_at=begun,
        started_at=None if state is ClusterState.WAITING else begun,
    )
