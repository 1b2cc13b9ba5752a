"""The event with which a trigger reports an application on a cluster to the task that it resumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core import event as events
from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.managers import manager_from_json
from airflow_spark_guard.core.cluster.status import ClusterStatus
from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.cluster_watch import Step
    from airflow_spark_guard.core.cluster.manager import ClusterManager


@dataclass(frozen=True)
class _End(Stored):
    """How the watch ended: with the manager's last status, or with a finding."""

    final: ClusterStatus | None
    finding: Finding | None
    observed: tuple[Finding, ...] = field(default=(), metadata=LATER)

    def __post_init__(self) -> None:
        if (self.final is None) is (self.finding is None):
            msg = "it needs a final status or a finding"
            raise ValueError(msg)


def event_of(
    step: Step, job: ClusterJob, place: ClusterManager, observed: tuple[Finding, ...] = ()
) -> dict[str, Any]:
    """The payload of an event: the last step of a watch, and the findings observed before it.

    It names the watched job, too: ``dag.test()`` resumes a task with the event alone.
    """
    watched = {"job": job.to_json(), "place": place.to_json()}
    return {**events.event_of(_End(step.final, step.finding, observed)), **watched}


def watched_by(event: object, **kwargs: Any) -> tuple[ClusterJob, ClusterManager] | None:
    """The job that the task was deferred for, from its arguments or the event; None if neither names it."""
    fields = event if isinstance(event, dict) else {}
    job, place = (kwargs.get(name) or fields.get(name) for name in ("job", "place"))
    try:
        return ClusterJob.from_json(job), manager_from_json(place)
    except ValueError:
        return None


def ending_of(event: object) -> ClusterEnding:
    """The ending in an event, checked.

    Raises:
        TriggerEventError: no event, another version, or not from :func:`event_of`.
    """
    end = events.read_event(_End, event, besides=("job", "place"))
    return ClusterEnding(final=end.final, finding=end.finding, observed=end.observed)
