"""Leaves out stacks that Spark's Python workers dump every few minutes into the job's output in ``local[n]``.

The profile makes the workers dump them for the autopsy, which gets them another way; they were a third of the
log of a healthy job with slow tasks. Dumps of the user's own Python processes are kept.
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
    """Filters lines. A dump is written at once: it is held until its end shows which process wrote it.

    Attributes:
        left_out: number of lines left out so far.
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
        """Lines that are held although no more of the dump has come for a while."""
        return self.rest() if self._held and now - self._held_at >= _PATIENCE else []

    def rest(self) -> list[bytes]:
        """The held lines, unless they are a worker's dump."""
        held, self._held = self._held, []
        if any(map(_WORKER.search, held)):
            self.left_out += len(held)
            return []
        return held
