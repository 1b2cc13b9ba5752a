"""Stacks of JVM threads: what a thread waits for, and what that means for a task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_stack import digest
from airflow_spark_guard.core.watch.process_sample import ProcessSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.watch.process_sample import ThreadKind
    from airflow_spark_guard.core.web.spark_rest import JavaThread

_TASK = re.compile(
    r"^Executor task launch worker for task (?:.* in stage (?P<stage>\d{1,9})\.\d+ )?.*\(TID \d+\)$"
)
# Class loader and module before a frame ("app//", "java.base@17.0.15/"), or inside its parentheses.
_ORIGIN = re.compile(r"^(?:\w*/)?(?:[\w.]+@[\w.+-]+)?/|(?<=\()[\w.]+@[\w.+-]+/")
_FRAME = re.compile(r"^[^\s(][^(]*\([^)]*\)?")
_JDK = re.compile(r"^(?:java|javax|jdk|sun|com\.sun|scala|io\.netty)\.")
_GC = re.compile(r"^java\.(?:lang\.(?:System|Runtime)\.gc|nio\.Bits\.reserveMemory)\(")
_IO = re.compile(
    r"^(?:sun\.nio\.|java\.net\.|java\.io\.(?:File|RandomAccess)|sun\.security\.ssl\.|java\.nio\.channels\.)"
)
_LOCK = re.compile(
    r"^java\.util\.concurrent\.locks\.(?:ReentrantLock|ReentrantReadWriteLock|StampedLock)\b.*lock"
)
# A block that another task of the executor computes, or memory that it holds. The innermost frames of such a
# wait are closures and wrappers, whose names change with Spark's version: the class decides.
_NEIGHBOUR = re.compile(
    r"^org\.apache\.spark\.(?:storage\.BlockInfo(?:Manager|Wrapper)|memory\.ExecutionMemoryPool)[.$]"
)
_NEAR = 4
# Its Python has not reported yet: its worker cannot be seen. Of several tasks of an executor one starts the
# daemon and the others wait for its monitor.
_PYTHON_START = re.compile(
    r"^org\.apache\.spark\.(?:api\.python\.PythonWorkerFactory[.$]"
    r".*\b(?:startDaemon|create(?:ThroughDaemon|SimpleWorker|Socket\$1)?)\("
    r"|SparkEnv\.createPythonWorker\()"
)
# A task that waits for the next row of a stream without batches, or whose batch lasts a while (continuous
# processing, real-time mode from Spark 4.1 on), and the receiver of a DStream: without input nothing moves.
_STREAM = re.compile(
    r"^org\.apache\.spark\.(?:sql\.execution\.streaming\.continuous\.ContinuousQueuedDataReader\.next"
    r"|sql\.execution\.datasources\.v2\.LowLatencyReaderWrap\.next"
    r"|streaming\.receiver\.ReceiverSupervisor\.awaitTermination)\("
)
# By the innermost frame outside the JDK.
_KINDS: tuple[tuple[ThreadKind, re.Pattern[str]], ...] = (
    ("python", re.compile(r"^org\.apache\.spark\.(?:api\.python|sql\.execution\.python)\.")),
    ("waiting", re.compile(r"^py4j\.|^org\.apache\.spark\.(?:rpc|util\.(?:EventLoop|ThreadUtils))\b")),
    (
        "shuffle",
        re.compile(
            r"^org\.apache\.spark\.(?:storage\.(?:ShuffleBlockFetcherIterator|BlockManager)"
            r"|shuffle\.|network\.|MapOutputTracker)"
        ),
    ),
    (
        "io",
        re.compile(
            r"^org\.apache\.(?:hadoop|parquet|orc|hive|http|kafka)\.|^(?:com\.amazonaws|software\.amazon)\."
        ),
    ),
)
_PLANNING = re.compile(
    r"^org\.apache\.spark\.sql\.(?:catalyst\.(?:optimizer|analysis|rules|planning|parser|plans)\."
    r"|catalyst\.expressions\.codegen\.CodeGenerator\$\.(?:compile|doCompile)"
    r"|execution\.(?:SparkPlanner|SparkStrategies|QueryExecution\.(?:analyzed|optimizedPlan|sparkPlan|executedPlan)))"
    r"|^org\.codehaus\.janino\."
)
_SHORT = 200
_LONGEST = 500


def frames_of(stack: Iterable[str]) -> tuple[str, ...]:
    """Only the frames, innermost first: without lock lines, class loaders and modules."""
    plain = (_ORIGIN.sub("", line[:_LONGEST].strip().removeprefix("at ")) for line in stack)
    return tuple(line for line in plain if _FRAME.match(line) and not line.startswith("-"))


def classify_thread(frames: Sequence[str], state: str) -> ThreadKind:
    """Classify what a thread does.

    Args:
        frames: from :func:`frames_of`.
        state: Java's thread state.
    """
    if any(map(_STREAM.match, frames)):
        return "stream"
    own = next((number for number, frame in enumerate(frames) if not _JDK.match(frame)), len(frames))
    inner = frames[: own + 1]
    innermost = frames[own] if own < len(frames) else ""
    if kind := _early_kind(frames, own, state):
        return kind
    for kind, pattern in _KINDS:
        if pattern.match(innermost):
            return kind
    if any(map(_IO.match, inner)):
        return "io"
    if state != "RUNNABLE":
        return "waiting"
    return "planning" if any(map(_PLANNING.match, frames)) else "running"


def _early_kind(frames: Sequence[str], own: int, state: str) -> ThreadKind | None:
    """Kinds that take precedence over the thread's position; None for anything else.

    ``own`` is the number of its innermost frame outside the JDK.
    """
    inner = frames[: own + 1]
    if any(map(_GC.match, inner)):
        return "gc"
    if any(map(_PYTHON_START.match, frames[own : own + 1])):
        return "python_start"
    if state != "RUNNABLE" and any(map(_NEIGHBOUR.match, frames[: own + _NEAR])):
        return "neighbour"
    return "lock" if state == "BLOCKED" or any(map(_LOCK.match, inner)) else None


def jvm_place(frames: Sequence[str]) -> str:
    """The innermost frame outside the JDK; untrusted, bounded."""
    found = next((frame for frame in frames if not _JDK.match(frame)), frames[0] if frames else "")
    return found[:_SHORT]


def is_task(thread: JavaThread) -> bool:
    """Whether it is running a task; idle threads of the pool have another name."""
    return _TASK.match(thread.name) is not None


def _stage_of(thread: JavaThread) -> int | None:
    """The stage in ``Executor task launch worker for task 0.0 in stage 3.0 (TID 8)``."""
    found = _TASK.match(thread.name)
    return int(found["stage"]) if found is not None and found["stage"] else None


def task_readings(threads: Iterable[JavaThread], executor: str) -> tuple[ProcessSample, ...]:
    """Readings of an executor's task threads."""
    found = []
    for thread in filter(is_task, threads):
        frames = frames_of(thread.stack)
        kind = classify_thread(frames, thread.state)
        stack = digest(frames) if frames else ""
        key = f"{executor} {thread.name[:_SHORT]}"
        found.append(
            ProcessSample(
                "task",
                key,
                executor,
                stack=stack,
                place=jvm_place(frames),
                kind=kind,
                stage=_stage_of(thread),
            )
        )
    return tuple(found)
