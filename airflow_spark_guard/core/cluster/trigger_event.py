"""What a trigger tells the task that it wakes: written by one process, read and checked by another."""

from __future__ import annotations

import reprlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.cluster.cluster_ending import ClusterEnding
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.managers import manager_from_json
from airflow_spark_guard.core.cluster.status import ClusterStatus
from airflow_spark_guard.core.errors import TriggerEventError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.typed import checked_types
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.cluster.cluster_watch import Step
    from airflow_spark_guard.core.cluster.manager import ClusterManager

_VERSION: Final = 1
_BRIEF = reprlib.Repr()


def event_of(
    step: Step, job: ClusterJob, place: ClusterManager, observed: tuple[Finding, ...] = ()
) -> dict[str, Any]:
    """The last step of a watch as the payload of an event, and what was observed before it.

    It says what was watched, too: ``dag.test()`` resumes a task with the event alone.
    """
    return {
        "v": _VERSION,
        "job": job.to_json(),
        "place": place.to_json(),
        "final": step.final.to_json() if step.final is not None else None,
        "finding": _to_json(step.finding) if step.finding else None,
        "observed": [_to_json(finding) for finding in observed],
    }


def _to_json(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "verdict": str(finding.verdict)}


def watched_by(event: object, **kwargs: Any) -> tuple[ClusterJob, ClusterManager] | None:
    """What the task was deferred for: by its own arguments, else by the event; None where neither says."""
    told = event if isinstance(event, dict) else {}
    job, place = (kwargs.get(name) or told.get(name) for name in ("job", "place"))
    try:
        return ClusterJob.from_json(job), manager_from_json(place)  # type: ignore[arg-type]
    except (KeyError, TypeError):
        return None


def ending_of(event: object) -> ClusterEnding:
    """What the event says, checked.

    Raises:
        TriggerEventError: no event, another version, or something that :func:`event_of` does not write.
    """
    if not isinstance(event, dict) or event.get("v") != _VERSION:
        raise _unusable(event)
    final, finding = event.get("final"), event.get("finding")
    try:
        ending = ClusterEnding(
            final=ClusterStatus.from_json(final) if final else None,
            finding=_finding(finding) if finding else None,
            observed=tuple(map(_finding, event.get("observed") or ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unusable(event) from error
    if (ending.final is None) is (ending.finding is None):
        raise _unusable(event)
    return ending


def _finding(raw: Mapping[str, Any]) -> Finding:
    given: dict[str, Any] = {**raw, "verdict": Verdict(raw["verdict"])}
    found: Finding = checked_types(Finding(**given))
    return found


def _unusable(event: object) -> TriggerEventError:
    return TriggerEventError(
        "The trigger's event does not say how the application ended.",
        got=one_line(_BRIEF.repr(event), 200),
        expected=f"an event of version {_VERSION} with a final status or a finding",
        advice="Triggerer and worker run different versions of this package, or something else sent it.",
    )
