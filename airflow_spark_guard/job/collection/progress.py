"""The progress of a collection: one line on a terminal, heartbeats in a guarded attempt."""

from __future__ import annotations

import sys
import time

from airflow_spark_guard.job.heartbeats import heartbeat

_BETWEEN = 0.5  # seconds


class RowProgress:
    """Counts rows, and shows the count twice a second at most.

    Args:
        total: rows expected; None where that is unknown.
    """

    def __init__(self, total: int | None) -> None:
        self._total, self._rows = total, 0
        self._shown_at = time.monotonic()
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._line = ""

    def advance(self, rows: int) -> None:
        """Count rows that arrived."""
        self._rows += rows
        now = time.monotonic()
        if now - self._shown_at < _BETWEEN:
            return
        self._shown_at = now
        heartbeat("rows collected", done=self._rows, total=self._total)
        if self._terminal:
            share = f" of {self._total:,}, {min(1.0, self._rows / self._total):.0%}" if self._total else ""
            self._show(f"collecting: {self._rows:,} rows{share}")

    def close(self) -> None:
        """Clear the line."""
        if self._line:
            self._show("")

    def _show(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(len(self._line)) + ("" if line else "\r"))
        sys.stderr.flush()
        self._line = line
