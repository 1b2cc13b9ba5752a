"""An application that was submitted: what has to be known of it to watch it on from anywhere."""

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
    """It goes into a deferred task's arguments, which Airflow stores.

    Attributes:
        application_id: what its manager knows it by.
        attempt: the mark of the try that submitted it.
        submitted_at: the attempt's start.
        deadline_at: when it must have ended.
        start: seconds that it may wait for its driver.
        exit: seconds that its driver may stay after its script has ended.
        channel: where it puts its messages, as Airflow names it; empty where it does not run under our
            launcher, or has no channel directory.
        observe: whether the limits end nothing.
        last_at: when it is ended even so; None where nothing ends it.
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
    def speaks(self) -> bool:
        """Whether its own end is to be heard."""
        return bool(self.channel)

    @property
    def limits(self) -> ClusterLimits:
        """Its budgets."""
        return ClusterLimits(
            self.submitted_at, self.start, self.deadline_at, self.exit, self.observe, self.last_at
        )

    @property
    def ends_at(self) -> EpochTime | None:
        """When it is ended at the latest; None where nothing ends it."""
        return self.last_at if self.observe else self.deadline_at


@dataclass(frozen=True)
class DeferredJob:
    """A job that is left to a trigger: all that the trigger and the resumed task have to know.

    Attributes:
        job: the application.
        place: who is asked about it.
        pause: seconds between two looks.
    """

    job: ClusterJob
    place: ClusterManager
    pause: float


def may_go_on(status: ClusterStatus, now: EpochTime, start: float, run: float) -> bool:
    """Whether a try may take over what an earlier one has submitted: it is ours, and has time left.

    Args:
        status: of an active application that carries the task's mark.
        now: the time of the look.
        start: the start budget, seconds.
        run: the run budget, seconds.
    """
    if not status.attempt or status.submitted_at is None:
        return False
    passed = now - status.submitted_at
    return passed < run and (status.started_at is not None or passed < start)
