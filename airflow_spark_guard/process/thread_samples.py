"""Figures of the threads of Python workers that may run a task, apart from a library's background threads.

Three small files of ``/proc`` are read for each thread, only in samples with stacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.stacktraces.python_stack import digest
from airflow_spark_guard.core.watch.process_sample import OwnThreads
from airflow_spark_guard.process import usage
from airflow_spark_guard.process.own_switches import OwnSwitches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from airflow_spark_guard.process.byte_watch import Watched
    from airflow_spark_guard.process.usage import ThreadUse

# Context switches that following one system call adds to a thread, and that attaching adds.
SWITCHES_A_CALL, ATTACHED = 2, 4


class _Group(NamedTuple):
    key: str
    threads: int


class ThreadSampler:
    """Samples own threads repeatedly; keeps only what our stops have added to them."""

    def __init__(self) -> None:
        self._switches = OwnSwitches()
        self._groups: dict[str, _Group] = {}

    def sample(
        self, key: str, threads: dict[int, ThreadUse], own: Collection[int], children: Collection[int]
    ) -> OwnThreads | None:
        """The figures of its own threads and its children; None if one of the threads has none.

        Args:
            key: of the process.
            threads: figures of all its threads, read before py-spy stopped it; the key is its pid's.
            own: ids of its own threads; 0 for one that is not known.
            children: pids of the processes below it.
        """
        self._groups.pop(key, None)
        if not own or not threads.keys() >= set(own):
            return None
        pid = int(key.partition(":")[0])
        ids = digest((sorted(own), sorted(children)))
        group = self._groups[key] = _Group(f"{key}/{ids}", len(own))
        rows = [threads[thread] for thread in own]
        before = sum(row.switches for row in rows)
        switches = self._switches.own(group.key, before)
        after = usage.switches(pid, own)
        self._switches.stopped(group.key, before, after)
        return OwnThreads(
            ids,
            round(sum(row.cpu for row in rows) + usage.ended_children(pid) + _sum(usage.cpu, children), 2),
            (switches or 0) + int(_sum(usage.switches, children)),
            sum(row.io for row in rows) + int(_sum(usage.io, children)),
        )

    def followed(self, key: str, seen: Watched) -> None:
        """Record what the watch of its system calls has added since the last sample."""
        group = self._groups.get(key)
        if group is not None:
            most = SWITCHES_A_CALL * seen.own_calls + ATTACHED * group.threads
            self._switches.followed(group.key, most)


def _sum(figure: Callable[[int], float | None], pids: Collection[int]) -> float:
    return sum(found for found in map(figure, pids) if found is not None)
