"""What this machine does not let the guard do, said before an attempt starts."""

from __future__ import annotations

from airflow_spark_guard.process import proctree


def limits_here() -> list[str]:
    """A sentence for each; none on a usual machine."""
    found = []
    if reason := proctree.without_pidfd():
        found.append(
            f"This system refuses pidfd ({reason}): processes are signalled by their number, after a check "
            "of their start time. Linux 5.3 or newer has it; sandboxes and old container engines forbid it."
        )
    if not proctree.is_visible():
        found.append(
            "/proc does not show this task's own process: processes that a job leaves running can neither be "
            "found nor be proven gone. Mount /proc as the task's own process namespace has it."
        )
    return found
