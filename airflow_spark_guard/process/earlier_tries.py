"""What an earlier try of the same task has left on this host is ended before the next one starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.errors import KilledError
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.process import leftovers
from airflow_spark_guard.process.workspace import leave_note

if TYPE_CHECKING:
    from airflow_spark_guard.process.leftovers import Tag


def end(tag: Tag, now: EpochTime) -> str:
    """End them; the line for the task log, empty where there was none.

    Args:
        tag: of the try that is about to start.
        now: the time.

    Raises:
        KilledError: one cannot be ended: two tries would write over each other.
    """
    earlier = leftovers.earlier(tag)
    if earlier is not None:  # the note first: an earlier try that is ended should know by whom
        leave_note(tag.task, Takeover.by(tag.attempt, now))
    _, left = leftovers.end(tag, of_this_attempt=False)
    if left:
        raise KilledError(
            "An earlier attempt of this task still runs on this host and cannot be ended.",
            advice="End it by hand, then clear the task: two attempts would write over each other.",
            orphans=tuple(left),
        )
    return "" if earlier is None else earlier.ended()
