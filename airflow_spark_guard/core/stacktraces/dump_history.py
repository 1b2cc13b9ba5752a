"""What successive stack dumps in an executor's log show: its Python workers move, or stand at one line.

Workers on other hosts can be seen in no other way. A dump has neither a time nor a process, so that dumps
count by the order of the log, and dumps of several workers only together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_dump import parse_dumps
from airflow_spark_guard.core.stacktraces.python_stack import fingerprints
from airflow_spark_guard.core.stacktraces.waiting import has_users, place_in
from airflow_spark_guard.core.watch.process_sample import ProcessSample, StackDumps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.stacktraces.python_dump import PythonDump

_OUTERMOST = "_run_module_as_main"
_MOST_STACKS = 500


@dataclass(frozen=True)
class DumpHistory:
    """What the log of one executor has shown so far.

    Attributes:
        end: where the log ended when it was last read, in bytes.
        tasks: number of tasks that the executor ran then.
        counts: how often each stack was dumped since a worker was last seen to have moved.
        dumps: for the watch.
        begun: when the first of these dumps was found; clock of the caller, in seconds.
        place: the line of the newest dump.
    """

    end: int
    tasks: int
    counts: Mapping[str, int] = field(default_factory=dict)
    dumps: StackDumps = field(default_factory=StackDumps)
    begun: float = 0.0
    place: str = ""

    def read(self, text: str, end: int, tasks: int, at: float) -> DumpHistory:
        """The history after another look.

        Args:
            text: what the log has had since :attr:`end`; untrusted.
            end: where it ends now. If that is before :attr:`end`, it was rolled, and counting starts anew.
            tasks: number of running tasks; if it has changed, counting starts anew too.
            at: when, by the caller's clock, in seconds.
        """
        if end < self.end or tasks != self.tasks:
            return DumpHistory(end, tasks, dumps=StackDumps(self.dumps.changes))
        history = self
        for dump in parse_dumps(text):
            if _is_whole(dump) and any(map(has_users, dump.threads)):
                history = history._with(dump, at)
        return replace(history, end=end)

    def sample(self, executor: str) -> ProcessSample:
        """As the watch compares it."""
        return ProcessSample("log", f"log:{executor}", executor, place=self.place, dumps=self.dumps)

    def _with(self, dump: PythonDump, at: float) -> DumpHistory:
        stack, place = fingerprints(dump.threads)[0], place_in(dump.threads)
        counts = {**self.counts, stack: self.counts.get(stack, 0) + 1}
        if self._shows_a_move(counts):
            dumps = StackDumps(self.dumps.changes + 1, same=1)
            return replace(self, counts={stack: 1}, dumps=dumps, begun=at, place=place)
        if len(counts) > _MOST_STACKS:
            counts = {stack: 1}
        begun = self.begun if self.dumps.same else at
        dumps = StackDumps(self.dumps.changes, self.dumps.same + 1, round(at - begun, 1))
        return replace(self, counts=counts, dumps=dumps, begun=begun, place=place)

    def _shows_a_move(self, counts: Mapping[str, int]) -> bool:
        """Whether so many stacks cannot be of workers that all stand.

        With one task, two that differ. With more, more than there are tasks, each dumped twice: dumps that
        several processes write at the same time mix, and make a stack that is dumped once.
        """
        if self.tasks <= 1:
            return len(counts) > 1
        return sum(count > 1 for count in counts.values()) > self.tasks


def _is_whole(dump: PythonDump) -> bool:
    """Whether its main thread is complete: the log may have been read while it was written."""
    frames = dump.threads[-1].frames if dump.threads else ()
    return bool(frames) and frames[-1].function == _OUTERMOST
