"""Whether the driver's Python still runs, if it runs on this host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from airflow_spark_guard.core.clock import LaunchTime


@dataclass
class DriverPresence:
    """Notices that the driver's Python is gone. A pid never seen on this host means nothing.

    Attributes:
        gone_at: when it was first missing; None while it runs, or if it was never seen.
    """

    gone_at: LaunchTime | None = None
    _was_seen: bool = False

    def look(self, now: LaunchTime, pid: int) -> None:
        """Look for the process that the job has named; 0 before it has."""
        if pid <= 1 or self.gone_at is not None:
            return
        proc = proctree.read(pid)
        if proc is not None and proc.state != "Z":
            self._was_seen = True
        elif self._was_seen:
            self.gone_at = now
