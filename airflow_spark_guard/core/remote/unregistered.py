"""Executors that died before they registered: no driver lists them, only a standalone master."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import MonotonicTime

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import DriverView, Executor
    from airflow_spark_guard.core.web.master_page import ApplicationPage

_PAGE_HOLDS = 30.0  # seconds; the page of many executors is long


@dataclass
class Unregistered:
    """What a master has reported about an application's executors, and when to ask it again.

    Attributes:
        ended: executors that ended without an order of the master, registered or not.
        running: the ids of those that had not ended.
        asked: when the master was asked; None before.
    """

    ended: tuple[Executor, ...] = ()
    running: frozenset[str] = frozenset()
    asked: MonotonicTime | None = None
    _registered: frozenset[str] = frozenset()

    def learn(self, page: ApplicationPage | None, now: MonotonicTime) -> None:
        """Read the application's page on the master; None if the master returned none."""
        self.asked = now
        if page is not None:
            self.ended, self.running = page.ended, page.running

    def worth_asking(self, view: DriverView, now: MonotonicTime) -> bool:
        """Whether the master may know of executors that the driver does not list.

        At once if one was starting, since it may have died, and if none is running, since that may be a crash
        loop; else from time to time, since the driver never lists an executor that did not register.

        Args:
            view: what the driver lists.
            now: the time of this poll.
        """
        if self.asked is None or now - self.asked >= _PAGE_HOLDS:
            return True
        if not any(row.active for row in view.executors):
            return True
        return not self.running <= {row.id for row in view.executors}

    def added_to(self, view: DriverView) -> DriverView:
        """The driver's list, and the executors of the master's that never registered with the driver."""
        listed = frozenset(row.id for row in view.executors)
        # A driver forgets old dead executors (spark.ui.retainedDeadExecutors), and why they were removed.
        self._registered = listed | (self._registered & {row.id for row in self.ended})
        more = (row for row in self.ended if row.id not in self._registered)
        return replace(view, executors=(*view.executors, *more))
