"""Publishes a task's application while it runs: links, and the XCom that sensors of other tasks read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_spark_guard.core.remote.announcement import FAILED, RUNNING, SUCCESS, Pages, announced
from airflow_spark_guard.core.remote.submitting_task import APPLICATION_KEY, target_from
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.text.masking import mask_known
from airflow_spark_guard.links.spark import LINKS, GuardRecordLink, SparkHistoryLink, SparkUILink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.web.snapshot import TaskState

_EARLIER = 20  # how many earlier applications of one try are published


@dataclass
class Announcement:
    """Pushes each value once. Must run on the task's main thread, because it talks to Airflow's supervisor.

    Args:
        log: of the task.
        ti: the task instance; None outside Airflow, where nothing is pushed.
        links: receives the addresses, by XCom key.
        pages: the addresses at which browsers reach Spark's pages.
    """

    log: TaskLogger
    ti: Any
    links: dict[str, str] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    _target: Target | None = None
    _earlier: tuple[str, ...] = ()

    def record(self, url: str) -> None:
        """Publish the URL of the attempt's record; empty if it is not served."""
        self._link(GuardRecordLink.key, url)

    def application(self, target: Target) -> None:
        """Publish an application that has started, or whose addresses have changed."""
        if target == self._target:
            return
        if self._target is not None and self._target.application_id != target.application_id:
            self._earlier = (*self._earlier, self._target.application_id)[-_EARLIER:]
        self._target = target
        self._push(APPLICATION_KEY, announced(target, RUNNING, self._earlier))
        self._link(SparkUILink.key, self.pages.driver_ui_link(target))
        self._link(SparkHistoryLink.key, self.pages.history_link(target))

    def recall(self) -> None:
        """Restore what an earlier process of this task pushed before it was deferred."""
        if self.ti is None:
            return
        try:
            value = self._pull(APPLICATION_KEY)
            if value is not None:
                self._target = target_from(value, Target())
            links = {link.xcom_key: self._pull(link.xcom_key) for link in LINKS}
        except Exception as problem:  # noqa: BLE001 - as in _push
            self.log.warning(
                "The task's earlier announcement could not be read: %s: %s", type(problem).__name__, problem
            )
            return
        self.links.update({key: url for key, url in links.items() if isinstance(url, str)})

    def ended(self, task: TaskState) -> None:
        """Publish that the task, and with it the driver's web UI, has ended."""
        if self._target is not None:
            self._link(SparkUILink.key, self.pages.ended_link(self._target))
            self._push(APPLICATION_KEY, announced(self._target, task, self._earlier))

    def _link(self, key: str, url: str) -> None:
        url = mask_known(url)
        if self.links.get(key, "") == url:
            return  # also for an address that was never known: no empty XCom
        self.links[key] = url
        self._push(key, url)

    def _pull(self, key: str) -> Any:
        # With all arguments: Airflow's defaults read other tasks, or all mapped ones.
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
    """Publish the task's state at the end, unless it is deferred and continues elsewhere."""
    try:
        yield announcement
    except TaskDeferred:
        raise
    except BaseException:
        announcement.ended(FAILED)
        raise
    announcement.ended(SUCCESS)
