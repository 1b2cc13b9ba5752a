"""Stacks that Spark's Python workers dump every few minutes, where they share the job's output.

They do in ``local[n]``. The profile has them dumped for the autopsy, which has them from elsewhere; they were
a third of the log of a healthy job with slow tasks. A dump of another Python process, the user's own, stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import MonotonicTime

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST = re.compile(rb"Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!\s*$")
_REST = re.compile(
    rb"(?:Current t|T)hread 0x[0-9a-f]+ .*\(most recent call first\):\s*$|  File \"|  \.\.\.\s*$|\s*$"
)
_WORKER = re.compile(rb"[/\\]pyspark[/\\](?:daemon|worker)\.py\"")
_MOST = 2000
_PATIENCE = 1.0


class WorkerDumps:
    """Leaves them out. A dump is written at once: it is held until its end shows whose it is.

    Attributes:
        left_out: lines so far.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._held: list[bytes] = []
        self._held_at = MonotonicTime(0.0)

    def shown(self, lines: Sequence[bytes], now: MonotonicTime) -> list[bytes]:
        """The lines to show; ``now`` in seconds of a monotonic clock."""
        if not self._held and not any(map(_FIRST.match, lines)):
            return list(lines)
        kept: list[bytes] = []
        for line in lines:
            begins = _FIRST.match(line) is not None
            if self._held and not begins and _REST.match(line) and len(self._held) < _MOST:
                self._held.append(line)
                continue
            kept += self.rest()
            if begins:
                self._held, self._held_at = [line], now
            else:
                kept.append(line)
        return kept

    def due(self, now: MonotonicTime) -> list[bytes]:
        """What is held although nothing more of it has come for a while."""
        return self.rest() if self._held and now - self._held_at >= _PATIENCE else []

    def rest(self) -> list[bytes]:
        """What is held, if it is to be shown."""
        held, self._held = self._held, []
        if any(map(_WORKER.search, held)):
            self.left_out += len(held)
            return []
        return held
