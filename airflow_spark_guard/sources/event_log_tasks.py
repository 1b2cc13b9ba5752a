"""The ends of tasks in an event log: almost all of its bytes, so decoded with care."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Struct, field

from airflow_spark_guard.core.history.event_kinds import Figures, Outcome, Peaks, TaskEnded

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""A number that arithmetic cannot overflow."""
_OUTCOMES: Final[dict[str, Outcome]] = {
    "Success": "done",
    "TaskKilled": "killed",
    "TaskCommitDenied": "killed",
}
_LONGEST_NUMBER = 16


class _Reason(Struct, gc=False):
    reason: str = field(name="Reason")
    kind: str | None = field(name="Class Name", default=None)
    description: str | None = field(name="Description", default=None)
    message: str | None = field(name="Message", default=None)
    loss: str | None = field(name="Loss Reason", default=None)
    kill: str | None = field(name="Kill Reason", default=None)

    def text(self) -> str:
        """Why a task did not succeed."""
        why = self.description or self.message or self.loss or self.kill
        return f"{self.kind or self.reason}: {why}" if why else self.kind or self.reason


class _Info(Struct, gc=False):
    task: Whole = field(name="Task ID")
    executor: str = field(name="Executor ID")
    launched: Whole = field(name="Launch Time")
    finished: Whole = field(name="Finish Time")
    index: Whole = field(name="Index", default=0)
    attempt: Whole = field(name="Attempt", default=0)
    host: str = field(name="Host", default="")
    speculative: bool = field(name="Speculative", default=False)
    fetched: Whole = field(name="Getting Result Time", default=0)
    # Decoded only for a stage that has not completed: the end of a stage repeats it.
    values: msgspec.Raw = field(name="Accumulables", default_factory=msgspec.Raw)


class _Input(Struct, gc=False):
    size: Whole = field(name="Bytes Read", default=0)
    records: Whole = field(name="Records Read", default=0)


class _Output(Struct, gc=False):
    size: Whole = field(name="Bytes Written", default=0)
    records: Whole = field(name="Records Written", default=0)


class _ShuffleRead(Struct, gc=False):
    remote: Whole = field(name="Remote Bytes Read", default=0)
    local: Whole = field(name="Local Bytes Read", default=0)
    records: Whole = field(name="Total Records Read", default=0)
    wait: Whole = field(name="Fetch Wait Time", default=0)


class _ShuffleWrite(Struct, gc=False):
    size: Whole = field(name="Shuffle Bytes Written", default=0)
    records: Whole = field(name="Shuffle Records Written", default=0)


class _Metrics(Struct, gc=False):
    run: Whole = field(name="Executor Run Time", default=0)
    cpu: Whole = field(name="Executor CPU Time", default=0)
    deserialize: Whole = field(name="Executor Deserialize Time", default=0)
    gc: Whole = field(name="JVM GC Time", default=0)
    result: Whole = field(name="Result Serialization Time", default=0)
    memory_spilled: Whole = field(name="Memory Bytes Spilled", default=0)
    disk_spilled: Whole = field(name="Disk Bytes Spilled", default=0)
    peak: Whole = field(name="Peak Execution Memory", default=0)
    input: _Input | None = field(name="Input Metrics", default=None)
    output: _Output | None = field(name="Output Metrics", default=None)
    read: _ShuffleRead | None = field(name="Shuffle Read Metrics", default=None)
    write: _ShuffleWrite | None = field(name="Shuffle Write Metrics", default=None)


class _Memory(Struct, gc=False):
    heap: Whole = field(name="JVMHeapMemory", default=0)
    jvm: Whole = field(name="ProcessTreeJVMRSSMemory", default=0)
    python: Whole = field(name="ProcessTreePythonRSSMemory", default=0)


class TaskEnd(Struct, gc=False):
    """The line of a task's end."""

    stage: Whole = field(name="Stage ID")
    reason: _Reason = field(name="Task End Reason")
    info: _Info = field(name="Task Info")
    attempt: Whole = field(name="Stage Attempt ID", default=0)
    memory: _Memory | None = field(name="Task Executor Metrics", default=None)
    metrics: _Metrics | None = field(name="Task Metrics", default=None)


class _Accumulable(Struct, gc=False):
    id: Whole = field(name="ID")
    value: msgspec.Raw = field(name="Value", default_factory=msgspec.Raw)
    metadata: str | None = field(name="Metadata", default=None)


_NO_INPUT, _NO_OUTPUT, _NO_READ, _NO_WRITE = _Input(), _Output(), _ShuffleRead(), _ShuffleWrite()
_accumulables = msgspec.json.Decoder(list[_Accumulable]).decode


def task_ended(found: TaskEnd) -> TaskEnded:
    """The end of a task as an event."""
    info, metrics, memory = found.info, found.metrics, found.memory
    outcome = _OUTCOMES.get(found.reason.reason, "failed")
    peaks = None
    if memory is not None and (memory.heap or memory.jvm or memory.python):
        peaks = Peaks(info.executor, memory.heap, memory.jvm, memory.python)
    return TaskEnded(
        found.stage,
        found.attempt,
        info.task,
        info.index,
        info.attempt,
        info.executor,
        info.host,
        info.launched,
        info.finished or info.launched,
        info.fetched,
        info.speculative,
        outcome,
        "" if outcome == "done" else found.reason.text(),
        None if metrics is None else _figures(metrics),
        0 if metrics is None else metrics.peak,
        peaks,
        partial(values_of, info.values),
    )


def _figures(metrics: _Metrics) -> Figures:
    came, went = metrics.input or _NO_INPUT, metrics.output or _NO_OUTPUT
    read, write = metrics.read or _NO_READ, metrics.write or _NO_WRITE
    return Figures(
        metrics.run,
        metrics.cpu,
        metrics.deserialize,
        metrics.gc,
        metrics.result,
        metrics.memory_spilled,
        metrics.disk_spilled,
        came.size,
        came.records,
        went.size,
        went.records,
        read.remote + read.local,
        read.records,
        read.wait,
        write.size,
        write.records,
    )


def values_of(raw: msgspec.Raw) -> dict[int, float]:
    """What the accumulators of SQL metrics hold; empty for what cannot be read."""
    try:
        rows = _accumulables(raw)
    except (ValueError, RecursionError):
        return {}
    found = ((row.id, _number(bytes(row.value))) for row in rows if row.metadata == "sql")
    return {name: value for name, value in found if value is not None}


def _number(raw: bytes) -> float | None:
    """A whole number, in quotes or without; None for anything else."""
    digits = raw.strip(b'"')
    return int(digits) if digits.isdigit() and len(digits) <= _LONGEST_NUMBER else None
