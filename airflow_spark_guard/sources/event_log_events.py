"""Lines of an event log as events: only the fields that a history is made of are decoded.

Spark writes ``Event`` first, so that a look at the first bytes is enough to leave out other kinds of events.
The names are those of ``org.apache.spark.util.JsonProtocol``, in 3.3 as in 4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct, field

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.sources.event_log_plan import PlanInfo, plan_of
from airflow_spark_guard.sources.event_log_stages import (
    JobEnd,
    JobStart,
    StageCompleted,
    StageSubmitted,
    job_ended,
    job_started,
    stage_completed,
    stage_submitted,
)
from airflow_spark_guard.sources.event_log_tasks import TaskEnd, Whole, task_ended

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T", bound=Struct)
_BEGIN = b'{"Event":"'
_SQL = b"org.apache.spark.sql.execution.ui."
_LONGEST_URL = 1000


class _Any(Struct):
    kind: str = field(name="Event")


class _LogStart(Struct):
    version: str = field(name="Spark Version", default="")


class _ApplicationStart(Struct):
    at: Whole = field(name="Timestamp")
    name: str = field(name="App Name", default="")
    id: str | None = field(name="App ID", default=None)
    user: str | None = field(name="User", default=None)
    attempt: str | None = field(name="App Attempt ID", default=None)


class _ApplicationEnd(Struct):
    at: Whole = field(name="Timestamp")
    exit_code: Whole | None = field(name="ExitCode", default=None)


class _Environment(Struct):
    conf: dict[str, Any] = field(name="Spark Properties")


class _ExecutorInfo(Struct):
    host: str = field(name="Host", default="")
    cores: Whole = field(name="Total Cores", default=0)
    logs: dict[str, str] | None = field(name="Log Urls", default=None)


class _ExecutorAdded(Struct):
    id: str = field(name="Executor ID")
    at: Whole = field(name="Timestamp")
    info: _ExecutorInfo = field(name="Executor Info")


class _ExecutorRemoved(Struct):
    id: str = field(name="Executor ID")
    at: Whole = field(name="Timestamp")
    reason: str | None = field(name="Removed Reason", default=None)


class _Memory(Struct):
    heap: Whole = field(name="JVMHeapMemory", default=0)
    jvm: Whole = field(name="ProcessTreeJVMRSSMemory", default=0)
    python: Whole = field(name="ProcessTreePythonRSSMemory", default=0)


class _StageMemory(Struct):
    executor: str = field(name="Executor ID")
    memory: _Memory = field(name="Executor Metrics")


class _MemoryRow(Struct):
    memory: _Memory = field(name="Executor Metrics")


class _Heartbeat(Struct):
    executor: str = field(name="Executor ID")
    rows: list[_MemoryRow] | None = field(name="Executor Metrics Updated", default=None)


class _StartedTask(Struct, gc=False):
    task: Whole = field(name="Task ID")
    at: Whole = field(name="Launch Time")
    executor: str = field(name="Executor ID")


class _TaskStart(Struct, gc=False):
    stage: Whole = field(name="Stage ID")
    info: _StartedTask = field(name="Task Info")
    attempt: Whole = field(name="Stage Attempt ID", default=0)


class _SqlStart(Struct, rename="camel"):
    execution_id: Whole
    time: Whole
    description: str | None = None
    spark_plan_info: PlanInfo | None = None
    modified_configs: dict[str, Any] | None = None


class _SqlPlan(Struct, rename="camel"):
    execution_id: Whole
    spark_plan_info: PlanInfo | None = None


class _SqlEnd(Struct, rename="camel"):
    execution_id: Whole
    time: Whole
    error_message: str | None = None


class _DriverValues(Struct, rename="camel"):
    accum_updates: list[tuple[Whole, Whole]]


def _application_started(found: _ApplicationStart) -> kinds.Event:
    return kinds.ApplicationStarted(
        found.id or "", found.name, found.user or "", found.at, found.attempt or ""
    )


def _environment(found: _Environment) -> kinds.Event:
    return kinds.Environment(_texts(found.conf))


def _executor_added(found: _ExecutorAdded) -> kinds.Event:
    logs = found.info.logs or {}
    url = logs.get("stderr", "")[:_LONGEST_URL]
    return kinds.ExecutorAdded(found.id, found.info.host, found.info.cores, found.at, url)


def _heartbeat(found: _Heartbeat) -> kinds.Event | None:
    rows = [row.memory for row in found.rows or ()]
    if not rows:
        return None
    heap, jvm, python = (max(column) for column in zip(*map(_columns, rows), strict=True))
    return kinds.Peaks(found.executor, heap, jvm, python)


def _task_started(found: _TaskStart) -> kinds.Event:
    info = found.info
    return kinds.TaskStarted(found.stage, found.attempt, info.task, info.executor, info.at)


def _sql_started(found: _SqlStart) -> kinds.Event:
    plan, conf = plan_of(found.spark_plan_info), _texts(found.modified_configs or {})
    return kinds.SqlStarted(found.execution_id, found.time, found.description or "", plan, conf)


def _texts(given: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in given.items() if isinstance(value, str)}


def _columns(memory: _Memory) -> tuple[int, int, int]:
    return memory.heap, memory.jvm, memory.python


def _reader(kind: type[T], made: Callable[[T], kinds.Event | None]) -> Callable[[bytes], kinds.Event | None]:
    """Reads lines of one kind."""
    decode = msgspec.json.Decoder(kind).decode
    return lambda line: made(decode(line))


_READERS = {
    b"SparkListenerTaskStart": _reader(_TaskStart, _task_started),
    b"SparkListenerTaskEnd": _reader(TaskEnd, task_ended),
    b"SparkListenerStageSubmitted": _reader(StageSubmitted, stage_submitted),
    b"SparkListenerStageCompleted": _reader(StageCompleted, stage_completed),
    b"SparkListenerJobStart": _reader(JobStart, job_started),
    b"SparkListenerJobEnd": _reader(JobEnd, job_ended),
    b"SparkListenerExecutorAdded": _reader(_ExecutorAdded, _executor_added),
    b"SparkListenerExecutorRemoved": _reader(
        _ExecutorRemoved, lambda found: kinds.ExecutorRemoved(found.id, found.at, found.reason or "")
    ),
    b"SparkListenerStageExecutorMetrics": _reader(
        _StageMemory, lambda found: kinds.Peaks(found.executor, *_columns(found.memory))
    ),
    b"SparkListenerExecutorMetricsUpdate": _reader(_Heartbeat, _heartbeat),
    b"SparkListenerEnvironmentUpdate": _reader(_Environment, _environment),
    b"SparkListenerLogStart": _reader(_LogStart, lambda found: kinds.LogStarted(found.version)),
    b"SparkListenerApplicationStart": _reader(_ApplicationStart, _application_started),
    b"DBCEventLoggingListenerMetadata": _reader(_LogStart, lambda found: kinds.FileStarted(found.version)),
    b"SparkListenerApplicationEnd": _reader(
        _ApplicationEnd, lambda found: kinds.ApplicationEnded(found.at, found.exit_code)
    ),
    _SQL + b"SparkListenerSQLExecutionStart": _reader(_SqlStart, _sql_started),
    _SQL + b"SparkListenerSQLAdaptiveExecutionUpdate": _reader(
        _SqlPlan, lambda found: kinds.SqlPlanned(found.execution_id, plan_of(found.spark_plan_info))
    ),
    _SQL + b"SparkListenerSQLExecutionEnd": _reader(
        _SqlEnd, lambda found: kinds.SqlEnded(found.execution_id, found.time, found.error_message or "")
    ),
    _SQL + b"SparkListenerDriverAccumUpdates": _reader(
        _DriverValues, lambda found: kinds.DriverValues(dict(found.accum_updates))
    ),
}
_kind_anywhere = msgspec.json.Decoder(_Any).decode


def kind_of(line: bytes) -> bytes:
    """The kind of event that a line has.

    Raises:
        ValueError: it has none.
    """
    if line.startswith(_BEGIN):
        end = line.find(b'"', len(_BEGIN))
        if end > 0:
            return line[len(_BEGIN) : end]
    return _kind_anywhere(line).kind.encode()


def event_of(kind: bytes, line: bytes) -> kinds.Event | None:
    """The event of a line; None for a kind that a history is not made of.

    Args:
        kind: as :func:`kind_of` found it.
        line: the whole line.

    Raises:
        ValueError: it is not JSON, or an event of another form.
        RecursionError: it is nested too deep, such as the plan of a query that a loop has built.
    """
    read = _READERS.get(kind)
    return None if read is None else read(line)
