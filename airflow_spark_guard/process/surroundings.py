"""Restrictions of this machine that the task log shows before an attempt starts."""

from __future__ import annotations

from airflow_spark_guard.process import proctree


def limits_here() -> list[str]:
    """A sentence or two for each restriction; empty on a usual machine."""
    found = []
    if reason := proctree.without_pidfd():
        found.append(
            f"This system refuses pidfd ({reason}): processes are signalled by pid, after a check of their "
            "start time. Linux 5.3 or newer has pidfd; sandboxes and old container engines forbid it."
        )
    if not proctree.is_visible():
        found.append(
            "/proc does not show this task's own process: processes that a job leaves running cannot be "
            "found, and their end cannot be confirmed. Mount the /proc of the task's own process namespace."
        )
    return found
