"""Python stacks seen from outside: frames, their owners, and the one line to name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_THREADS = 256
_MOST_FRAMES = 512
_HASH = 16
# Installed packages, the standard library, Spark's own Python and ours. A user's folder may be called
# "pyspark" too: the name counts only where Spark puts its own.
_FOREIGN = re.compile(
    r"[/\\](?:site|dist)-packages[/\\]"
    r"|[/\\]lib(?:64)?[/\\](?:python|pypy)\d[^/\\]*[/\\]"
    r"|[/\\](?:python\d+|pyspark|py4j-[^/\\]*)\.zip(?:[/\\]|$)"
    r"|[/\\]python[/\\](?:pyspark|py4j)[/\\]"
    r"|^<(?:frozen|__array_function__)\b"
)
_OURS = re.compile(r"airflow_spark_guard_job\.zip|[/\\]airflow_spark_guard[/\\]job[/\\]")


class Frame(NamedTuple):
    """One call: file, line and function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}, {self.function}"


@dataclass(frozen=True)
class PythonThread:
    """A thread's stack.

    Attributes:
        frames: innermost first.
        main: whether it is the main thread of the process.
        name: empty if it has none.
        active: whether it was seen running on a CPU.
        locals: local variables as read by py-spy; only hashed, never shown.
        naps: whether its innermost line is user code that calls ``sleep``, which has no frame of its own.
        tid: the system's id of the thread; 0 if unknown.
    """

    frames: tuple[Frame, ...]
    main: bool = False
    name: str = ""
    active: bool = False
    locals: str = ""
    naps: bool = False
    tid: int = 0

    def __repr__(self) -> str:
        """Without the local variables: they may hold data and secrets."""
        return f"PythonThread({self.name!r}, main={self.main}, frames={self.frames!r})"


@dataclass(frozen=True)
class PythonProcess:
    """A Python process and the origin of its stack.

    Attributes:
        who: name for messages, such as "worker 4711 of executor 0".
        threads: its threads; empty if they could not be read.
        executor: executor of a worker; empty for the driver and its children.
        still: whether it is known not to move; None if two samples of it were not compared.
        key: key of its readings, pid and start time; empty if the process itself was not seen.
        logged: whether the stack is from the log of the process.
    """

    who: str
    threads: tuple[PythonThread, ...]
    executor: str = ""
    still: bool | None = None
    key: str = ""
    logged: bool = False


def is_users(frame: Frame) -> bool:
    """Whether this line is user code: not an installed package, the standard library, Spark, or ours."""
    return _FOREIGN.search(frame.file) is None and not is_ours(frame)


def is_ours(frame: Frame) -> bool:
    """Whether this line belongs to the job's side of this package."""
    return _OURS.search(frame.file) is not None


def place_of(frames: Sequence[Frame]) -> str:
    """The innermost line of user code, else the innermost line; empty without frames."""
    users = next((frame for frame in frames if is_users(frame)), None)
    chosen = users or (frames[0] if frames else None)
    return "" if chosen is None else str(chosen)


def telling(threads: Iterable[PythonThread]) -> tuple[PythonThread, ...]:
    """The threads that show whether the process moves: the main one, and those that run user code.

    Threads of libraries (progress bars, pools) and our own also wake up in a process that hangs.
    """
    return tuple(thread for thread in threads if thread.main or any(map(is_users, thread.frames)))


def fingerprints(threads: Iterable[PythonThread]) -> tuple[str, str]:
    """Hashes (of the stack, of stack and local variables) of the :func:`telling` threads; empty without any.

    The innermost line of a running thread does not count: ``while True: pass`` is at one of two lines.
    """
    chosen = telling(threads)
    if not chosen:
        return "", ""
    stack = [(_where(thread), thread.main) for thread in chosen]
    return digest(stack), digest((stack, [thread.locals for thread in chosen]))


def digest(value: object) -> str:
    """A hash of a plain value, as 16 hexadecimal digits."""
    return sha256(repr(value).encode(errors="replace")).hexdigest()[:_HASH]


def _where(thread: PythonThread) -> tuple[Frame, ...]:
    if not thread.active:
        return thread.frames
    return (*(frame._replace(line=0) for frame in thread.frames[:1]), *thread.frames[1:])


def is_idle_worker(threads: Iterable[PythonThread]) -> bool:
    """Whether a Python worker has no task: its main thread waits for the first number of the next one."""
    main = next((thread for thread in threads if thread.main), None)
    if main is None:
        return False
    reader = next((at for at, frame in enumerate(main.frames) if frame.function == "read_int"), None)
    if reader is None or any(map(is_users, main.frames)):
        return False
    # Below the reader only frames that read the socket; above it the worker's loop itself, and no task.
    below, above = main.frames[:reader], main.frames[reader + 1 :]
    return not any("pyspark" in frame.file for frame in below) and _functions(above)[:1] == ["main"]


def _functions(frames: Sequence[Frame]) -> list[str]:
    return [frame.function for frame in frames]


def parse_py_spy(text: str | bytes) -> tuple[PythonThread, ...]:
    """The threads of ``py-spy dump --json``; empty if the text is something else."""
    try:
        rows = json.loads(text)
    except ValueError:
        return ()
    if not isinstance(rows, list):
        return ()
    return tuple(_py_spy_thread(row) for row in rows[:_MOST_THREADS] if isinstance(row, dict))


def _py_spy_thread(row: dict[str, Any]) -> PythonThread:
    frames = row.get("frames")
    found = [frame for frame in frames if isinstance(frame, dict)] if isinstance(frames, list) else []
    found = found[:_MOST_FRAMES]
    variables = [frame.get("locals") for frame in found]
    name = row.get("thread_name")
    return PythonThread(
        frames=tuple(
            Frame(str(frame.get("filename", "")), _number(frame.get("line")), str(frame.get("name", "")))
            for frame in found
        ),
        main=name == "MainThread",
        name=name if isinstance(name, str) else "",
        active=row.get("active") is True,
        locals=json.dumps(variables, sort_keys=True) if any(variables) else "",
        tid=_number(row.get("os_thread_id")),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
