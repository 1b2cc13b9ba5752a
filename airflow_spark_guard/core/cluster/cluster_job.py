"""A submitted application: all that another process needs to know to watch it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.cluster.cluster_watch import ClusterLimits
from airflow_spark_guard.core.codec import LATER, Stored

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.manager import ClusterManager
    from airflow_spark_guard.core.cluster.status import ClusterStatus


@dataclass(frozen=True)
class ClusterJob(Stored):
    """A submitted application; Airflow stores it in the arguments of a deferred task.

    Attributes:
        application_id: its id at the manager.
        attempt: the mark of the try that submitted it.
        submitted_at: the attempt's start.
        deadline_at: when it must have ended.
        start: seconds that it may wait for its driver.
        exit: seconds that its driver may stay after its script has ended.
        channel: the directory of its messages, as Airflow names it; empty if it does not run under our
            launcher, or has no channel directory.
        observe: whether the limits are only observed, and end nothing.
        last_at: when it is ended even then; None for never.
    """

    application_id: str
    attempt: str
    submitted_at: EpochTime
    deadline_at: EpochTime
    start: float
    exit: float
    channel: str = ""
    observe: bool = field(default=False, metadata=LATER)
    last_at: EpochTime | None = field(default=None, metadata=LATER)

    @property
    def has_launcher(self) -> bool:
        """Whether it reports its end over the channel."""
        return bool(self.channel)

    @property
    def limits(self) -> ClusterLimits:
        """Its limits."""
        return ClusterLimits(
            self.submitted_at, self.start, self.deadline_at, self.exit, self.observe, self.last_at
        )

    @property
    def ends_at(self) -> EpochTime | None:
        """When it is ended at the latest; None for never."""
        return self.last_at if self.observe else self.deadline_at


@dataclass(frozen=True)
class DeferredJob:
    """A job deferred to a trigger: all that the trigger and the resumed task need to know.

    Attributes:
        job: the application.
        place: the manager that runs it.
        pause: seconds between two polls.
    """

    job: ClusterJob
    place: ClusterManager
    pause: float


def may_go_on(status: ClusterStatus, now: EpochTime, start: float, run: float) -> bool:
    """Whether a try may take over an earlier one's application: it is ours, and has time left.

    Args:
        status: of an active application that carries the task's mark.
        now: the time of the status.
        start: the start budget, seconds.
        run: the run budget, seconds.
    """
    if not status.attempt or status.submitted_at is None:
        return False
    passed = now - status.submitted_at
    return passed < run and (status.started_at is not None or passed < start)
