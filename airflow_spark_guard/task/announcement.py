"""Telling of a task's application while it runs: its links, and the XCom that sensors of other tasks read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_spark_guard.core.remote.announcement import FAILED, RUNNING, SUCCESS, Pages, announced
from airflow_spark_guard.core.remote.submitter import APPLICATION_KEY, target_told_by
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.masking import mask_known
from airflow_spark_guard.links.spark import LINKS, GuardRecordLink, SparkHistoryLink, SparkUILink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.attempt.log import TaskLogger

_EARLIER = 20  # applications of one try that are told of


@dataclass
class Announcement:
    """Pushes what is known, once. Of the task's main thread, as everything that asks Airflow's supervisor.

    Args:
        log: of the task.
        ti: the task instance; None outside Airflow, where nobody is told.
        links: takes the addresses, by XCom key.
        pages: where browsers reach what the links lead to.
    """

    log: TaskLogger
    ti: Any
    links: dict[str, str] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    _told: Target | None = None
    _earlier: tuple[str, ...] = ()

    def record(self, url: str) -> None:
        """Where the attempt's record is served; empty for nowhere."""
        self._link(GuardRecordLink.key, url)

    def application(self, told: Target) -> None:
        """The application has started, or more is known of it."""
        if told == self._told:
            return
        if self._told is not None and self._told.application_id != told.application_id:
            self._earlier = (*self._earlier, self._told.application_id)[-_EARLIER:]
        self._told = told
        self._push(APPLICATION_KEY, announced(told, RUNNING, self._earlier))
        self._link(SparkUILink.key, self.pages.driver_ui_link(told))
        self._link(SparkHistoryLink.key, self.pages.history_link(told))

    def recall(self) -> None:
        """Take up what an earlier process of this task has pushed, before it was deferred."""
        if self.ti is None:
            return
        try:
            value = self._pull(APPLICATION_KEY)
            if value is not None:
                self._told = target_told_by(value, Target())
            links = {link.xcom_key: self._pull(link.xcom_key) for link in LINKS}
        except Exception as problem:  # noqa: BLE001 - as in _push
            self.log.warning(
                "What the task had announced could not be read: %s: %s", type(problem).__name__, problem
            )
            return
        self.links.update({key: url for key, url in links.items() if isinstance(url, str)})

    def ended(self, task: str) -> None:
        """The task is over, and the driver's web UI with it; ``task`` is ``success`` or ``failed``."""
        if self._told is not None:
            self._link(SparkUILink.key, self.pages.ended_link(self._told))
            self._push(APPLICATION_KEY, announced(self._told, task, self._earlier))

    def _link(self, key: str, url: str) -> None:
        url = mask_known(url)
        if self.links.get(key, "") == url:
            return  # also of an address that never was known: no empty XCom
        self.links[key] = url
        self._push(key, url)

    def _pull(self, key: str) -> Any:
        # In full: Airflow's defaults are other tasks, or all that are mapped.
        return self.ti.xcom_pull(task_ids=self.ti.task_id, key=key, map_indexes=self.ti.map_index)

    def _push(self, key: str, value: object) -> None:
        if self.ti is None:
            return
        try:
            self.ti.xcom_push(key=key, value=mask_known(value))
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
