"""Ends what an earlier try of the task has left on this host, before the next one starts."""

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
    """End the processes of earlier tries; return a line for the task log, empty if there were none.

    Args:
        tag: the tag of the try that is about to start.
        now: the time.

    Raises:
        KilledError: one cannot be ended: two tries would overwrite each other's output.
    """
    earlier = leftovers.earlier(tag)
    if earlier is not None:  # the note first: the earlier try reports who has ended it
        leave_note(tag.task, Takeover.by(tag.attempt, now))
    _, left = leftovers.end(tag, of_this_attempt=False)
    if left:
        raise KilledError(
            "An earlier attempt of this task is still running on this host and cannot be killed.",
            advice="Kill it by hand, then clear the task: two attempts would overwrite each other's output.",
            orphans=tuple(left),
        )
    return "" if earlier is None else earlier.ended()
