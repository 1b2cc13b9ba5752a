"""Executors that died before they registered: no driver lists them, but a standalone master knows them."""

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
    """What a master has said of an application's executors, and whether it is to be asked again.

    Attributes:
        ended: those that ended otherwise than by the master's order, registered or not.
        running: the ids of those that had not ended.
        asked: when it was asked; None before.
    """

    ended: tuple[Executor, ...] = ()
    running: frozenset[str] = frozenset()
    asked: MonotonicTime | None = None
    _registered: frozenset[str] = frozenset()

    def learn(self, page: ApplicationPage | None, now: MonotonicTime) -> None:
        """Take in the application's page at the master; None: it gave none."""
        self.asked = now
        if page is not None:
            self.ended, self.running = page.ended, page.running

    def worth_asking(self, view: DriverView, now: MonotonicTime) -> bool:
        """Whether the master may know of executors that the driver does not list.

        At once where one was starting, for it may have died, and where none is there, for that may be a crash
        loop; else now and then, since nothing that the driver lists tells of one that never came.

        Args:
            view: what the driver lists.
            now: the time of this look.
        """
        if self.asked is None or now - self.asked >= _PAGE_HOLDS:
            return True
        if not any(row.active for row in view.executors):
            return True
        return not self.running <= {row.id for row in view.executors}

    def added_to(self, view: DriverView) -> DriverView:
        """What the driver lists, and whatever the master says of those that never registered with it."""
        listed = frozenset(row.id for row in view.executors)
        # A driver forgets executors that are long dead (spark.ui.retainedDeadExecutors), and why they went.
        self._registered = listed | (self._registered & {row.id for row in self.ended})
        more = (row for row in self.ended if row.id not in self._registered)
        return replace(view, executors=(*view.executors, *more))
