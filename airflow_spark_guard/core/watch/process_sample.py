"""A sample of one process or thread that may be stuck; part of an observation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Role: TypeAlias = Literal["worker", "task", "driver", "jvm", "child", "log"]
"""A Python worker, a task's thread in an executor's JVM, the driver's Python, the driver's JVM, a process
that the driver's Python has started, the log in which an executor's workers dump their stacks.
"""
ThreadKind: TypeAlias = Literal[
    "stream",
    "python",
    "python_start",
    "shuffle",
    "gc",
    "neighbour",
    "lock",
    "io",
    "planning",
    "running",
    "waiting",
]
"""What a thread of a JVM does: it waits for the input of a stream, for its Python worker, for that worker to
start, for a shuffle, for garbage collection, for a block or memory that another task of its executor holds,
for a lock, for I/O; it plans, computes, or waits for anything else.
"""
Activity: TypeAlias = Literal[ThreadKind, "idle", ""]
IDLE: Final = "idle"
"""A Python worker without a task."""
PYTHON: Final = "python"
PYTHON_START: Final = "python_start"
NEIGHBOUR: Final = "neighbour"


@dataclass(frozen=True)
class OwnThreads:
    """What a worker's own threads have used so far, together with the processes that it has started.

    Its own threads are those that may run its task (``core/stacktraces/own_threads.py``).

    Attributes:
        ids: a hash of the ids of these threads and processes: only figures of the same ones are compared.
        cpu: CPU time so far, in seconds.
        switches: voluntary context switches so far.
        io: bytes read and written so far.
    """

    ids: str
    cpu: float
    switches: int
    io: int


@dataclass(frozen=True)
class StackDumps:
    """Stacks that the Python workers of an executor have dumped to its log while it was read.

    Attributes:
        changes: how often they showed that a worker has moved.
        same: dumps since then, of workers that stand, as far as these show.
        seconds: time between the looks that found the first and the last of those.
    """

    changes: int = 0
    same: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class ProcessSample:
    """One sample of a process or thread that may be stuck.

    Attributes:
        role: which of the attempt's processes it is.
        key: identifies it over time: pid and start time, or the name of the thread.
        executor: its executor; empty for the driver.
        cpu: CPU time so far, in seconds; None if not readable.
        switches: voluntary context switches of all its threads so far; None if not readable. (Involuntary
            ones depend on how crowded the machine is.)
        io: bytes read and written so far; None if not readable.
        stack: a hash of its stack; empty if not readable.
        locals: a hash of stack and local variables; empty if not readable.
        place: the line of user code that may hang, ``file:line, function``; empty if it runs none, or waits
            for Spark. Of a JVM thread its innermost frame outside the JDK. Untrusted.
        kind: what it does, as far as its stack shows it: for a JVM thread a :data:`ThreadKind`, for a Python
            worker ``idle`` if it has no task; else empty.
        stage: id of the stage whose task it runs; None if unknown.
        delay: seconds so far in which its threads were runnable but had no CPU; None if not readable.
        watched: seconds so far in which its system calls were watched.
        moved: how often it was then seen to move bytes, except on standard output and error. Of threads
            that are known to be a library's own, a trickle does not count.
        trickle: bytes that those threads were then seen to move so far.
        own: figures of its own threads only; None if they are not known.
        dumps: of a log, what the stacks in it show.
    """

    role: Role
    key: str
    executor: str = ""
    cpu: float | None = None
    switches: int | None = None
    io: int | None = None
    stack: str = ""
    locals: str = ""
    place: str = ""
    kind: Activity = ""
    stage: int | None = None
    delay: float | None = None
    watched: float = 0.0
    moved: int = 0
    trickle: int = 0
    own: OwnThreads | None = None
    dumps: StackDumps | None = None
