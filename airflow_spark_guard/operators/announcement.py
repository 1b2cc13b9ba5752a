"""Telling of a task's application while it runs: its links, and the XCom that sensors of other tasks read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_spark_guard.core.remote.submitter import APPLICATION_KEY
from airflow_spark_guard.core.web.announcement import FAILED, RUNNING, SUCCESS, announced, history_link
from airflow_spark_guard.links.spark import GuardRecordLink, SparkHistoryLink, SparkUILink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.hooks.attempt_log import TaskLogger


@dataclass
class Announcement:
    """Pushes what is known, once. Of the task's main thread, as everything that asks Airflow's supervisor.

    Args:
        log: of the task.
        ti: the task instance; None outside Airflow, where nobody is told.
        links: takes the addresses, by XCom key.
    """

    log: TaskLogger
    ti: Any
    links: dict[str, str] = field(default_factory=dict)
    _told: Target | None = None

    def record(self, url: str) -> None:
        """Where the attempt's record is served; empty for nowhere."""
        self._link(GuardRecordLink.key, url)

    def application(self, told: Target) -> None:
        """The application has started, or more is known of it."""
        if told == self._told:
            return
        self._told = told
        self._push(APPLICATION_KEY, announced(told, RUNNING))
        self._link(SparkUILink.key, told.driver_ui)
        self._link(SparkHistoryLink.key, history_link(told))

    def ended(self, task: str) -> None:
        """The task is over; ``task`` is ``success`` or ``failed``."""
        if self._told is not None:
            self._push(APPLICATION_KEY, announced(self._told, task))

    def _link(self, key: str, url: str) -> None:
        if self.links.get(key, "") == url:
            return
        self.links[key] = url
        self._push(key, url)

    def _push(self, key: str, value: object) -> None:
        if self.ti is None:
            return
        try:
            self.ti.xcom_push(key=key, value=value)
        except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, the job goes on
            self.log.warning("The XCom %s could not be pushed: %s: %s", key, type(problem).__name__, problem)


@contextmanager
def announcing(announcement: Announcement) -> Iterator[Announcement]:
    """Say at the end how the task stands; not of one that is deferred, and goes on elsewhere."""
    try:
        yield announcement
    except TaskDeferred:
        raise
    except BaseException:
        announcement.ended(FAILED)
        raise
    announcement.ended(SUCCESS)
