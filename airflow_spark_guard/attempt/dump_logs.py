"""Stack dumps of Python workers, from the logs of the executors that run tasks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.dump_history import DumpHistory
from airflow_spark_guard.core.watch.process_sample import StackDumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.core.watch.process_sample import ProcessSample
    from airflow_spark_guard.core.web.log_tail import LogEnd


@dataclass
class DumpLogs:
    """What the dumps in each log show; dumps that were there before the first look do not count."""

    _known: dict[str, DumpHistory] = field(default_factory=dict)

    def read(self, ends: Mapping[str, LogEnd], running: Iterable[Executor]) -> tuple[ProcessSample, ...]:
        """A sample of each log in which a dump was found, of executors that run tasks.

        Args:
            ends: the ends of the logs that could be read now, by executor.
            running: the executors that run tasks.
        """
        rows, now = list(running), time.monotonic()
        for row in rows:
            end = ends.get(row.id)
            if end is not None:
                before = self._known.get(row.id, DumpHistory(end.end, row.active_tasks))
                self._known[row.id] = before.read(end.after(before.end), end.end, row.active_tasks, now)
        self._known = {row.id: self._known[row.id] for row in rows if row.id in self._known}
        found = {name: history for name, history in self._known.items() if history.dumps != StackDumps()}
        return tuple(history.sample(name) for name, history in found.items())
