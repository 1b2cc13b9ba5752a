"""Work that a silent driver waits for: processes that it has started, and what its JVM reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.evidence import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.process_sample import ProcessSample

# Measured: the JVM of an idle driver reads and writes 1 to 2 kB a second, most of it for our own questions.
# The heartbeats of executors are some hundred bytes a second for each.
_JVM_IO, _JVM_IO_AN_EXECUTOR = 65_536.0, 1024.0
_BUSY = (State.WORKING, State.SPINNING)


def work_beside(
    before: Iterable[ProcessSample], after: Iterable[ProcessSample], seconds: float, executors: int = 0
) -> str:
    """What works for the driver, as the task log says it; empty if nothing does.

    Args:
        before: the first sample of the driver's processes.
        after: the second one.
        seconds: between the two.
        executors: number of living executors, which send heartbeats to the JVM.
    """
    first, second = tuple(before), tuple(after)
    if _children(first) != _children(second):
        return "processes that it has started come and go"
    pairs = evidence.pairs(first, second, seconds)
    if any(pair.after.role == "child" and evidence.state_of(pair) in _BUSY for pair in pairs):
        return "processes that it has started are working"
    # A Python that works itself may be what the JVM exchanges these bytes with, call by call.
    if any(pair.after.role == "driver" and evidence.state_of(pair) in _BUSY for pair in pairs):
        return ""
    most = (_JVM_IO + _JVM_IO_AN_EXECUTOR * executors) * seconds
    moved = [(pair.after.io or 0) - (pair.before.io or 0) for pair in pairs if pair.after.role == "jvm"]
    return "its JVM reads and writes data" if any(row >= most for row in moved) else ""


def _children(samples: Iterable[ProcessSample]) -> set[str]:
    return {row.key for row in samples if row.role == "child"}
