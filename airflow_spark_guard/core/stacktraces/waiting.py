"""What a Python thread waits for: Spark, another thread, or nothing that is recognised.

A thread that waits for another one is not the one that hangs. Everything is derived from the frames between
the user's innermost line and the call that blocks.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_stack import is_users, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonThread


class Wait(StrEnum):
    """What a thread waits for."""

    NOTHING = "nothing"
    """It computes, or blocks in a call of its own (a socket, a database, a lock): it hangs by itself."""
    SPARK = "Spark"
    """An answer of the JVM: in the driver for the end of a Spark job, in a worker for the next rows."""
    QUERY = "a streaming query"
    """The end of a streaming query, which runs in threads of the JVM."""
    THREADS = "other threads"
    """The end of a thread, of a pool's work, or of a child process."""
    SIGNAL = "a signal"
    """An event, a condition, a queue: another thread must set or fill it."""
    TIME = "time"
    """It sleeps between two polls of something, or serves requests and has none."""


OTHERS = frozenset({Wait.THREADS, Wait.SIGNAL, Wait.TIME})
"""Waits that another thread or process may end."""

# Of several threads, the one to name. The main thread of a program is the one that waits for the others.
_RANKS = {Wait.NOTHING: 0, Wait.SPARK: 1, Wait.SIGNAL: 2, Wait.THREADS: 3, Wait.TIME: 4, Wait.QUERY: 5}
_LAST = 6
_STREAM = re.compile(r"[/\\](?:socket|ssl)\.py$|[/\\]pyarrow[/\\]")
_SPARK = re.compile(r"[/\\](?:pyspark|py4j)[/\\]")
_CONNECT = re.compile(r"[/\\]pyspark[/\\]sql[/\\]connect[/\\]client[/\\]")
_QUERY = re.compile(r"[/\\]pyspark[/\\]sql[/\\](?:connect[/\\])?streaming[/\\]")
_ENDS = frozenset({"awaitTermination", "awaitAnyTermination", "processAllAvailable"})
_POOL = re.compile(r"[/\\](?:concurrent[/\\]futures|multiprocessing|asyncio|joblib)[/\\]")
_LOCK = re.compile(r"[/\\](?:threading|queue)\.py$")
_SERVER = re.compile(r"[/\\]socketserver\.py$")
_SELECT = re.compile(r"[/\\]selectors\.py$")
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]pyspark[/\\]|[/\\]py4j[/\\]")
# Packages that wait for their threads or processes; in any other package the package itself blocks.
_POOLS = re.compile(r"[/\\](?:joblib|joblibspark|tqdm|dask|loky|pyspark|sklearn)[/\\]")
_CALLBACK = re.compile(r"[/\\]py4j[/\\](?:clientserver|java_gateway)\.py$")
_CALLED_BACK = frozenset({"call_proxy", "_call_proxy"})


def wait_of(thread: PythonThread) -> Wait:
    """What the thread waits for, by its frames and its source."""
    inner = inner_frames(thread.frames)
    if not inner:
        return Wait.TIME if thread.naps else Wait.NOTHING
    if _waits_for_spark(inner):
        ends = any(_name(frame) in _ENDS and _QUERY.search(frame.file) for frame in inner)
        return Wait.QUERY if ends else Wait.SPARK
    return _wait_for_others(inner)


def inner_frames(frames: Sequence[Frame]) -> Sequence[Frame]:
    """The frames inside the user's innermost line, innermost first; all frames if there is no user code."""
    return frames[: next((at for at, frame in enumerate(frames) if is_users(frame)), len(frames))]


def has_users(thread: PythonThread) -> bool:
    """Whether it runs user code."""
    return any(map(is_users, thread.frames))


def hanging_thread(threads: Iterable[PythonThread]) -> PythonThread | None:
    """The thread of a process that runs user code and does not wait for another one; None without any.

    If the main thread waits for Spark, only threads that Spark has called back can be what it waits for; if
    it waits for other threads, any of them can.
    """
    users = sorted(
        filter(has_users, threads), key=lambda thread: (not thread.main, not _is_called_back(thread))
    )
    return min(_reached(users), key=_rank, default=None)


def _rank(thread: PythonThread) -> int:
    wait = wait_of(thread)
    return _LAST if thread.main and wait in OTHERS else _RANKS[wait]


def place_in(threads: Iterable[PythonThread]) -> str:
    """The line to name for a process: that of the hanging thread, else the innermost of the main thread."""
    ordered = sorted(threads, key=lambda thread: not thread.main)
    found = hanging_thread(ordered)
    if found is not None:
        return place_of(found.frames)
    return place_of(ordered[0].frames) if ordered else ""


def hanging_place(threads: Iterable[PythonThread]) -> str:
    """The line of user code that may hang, ``file:line, function``.

    Empty if the process runs no user code, or waits for Spark: a worker that waits for its next rows waits
    for another process.
    """
    thread = hanging_thread(threads)
    if thread is None or wait_of(thread) in {Wait.SPARK, Wait.QUERY}:
        return ""
    return place_of(thread.frames)


def _reached(users: list[PythonThread]) -> list[PythonThread]:
    if not users or not users[0].main:
        return users
    first = [users[0], *filter(_is_called_back, users)]
    return users if any(wait_of(thread) in OTHERS for thread in first) else first


def _is_called_back(thread: PythonThread) -> bool:
    """Whether the JVM has called user code in it: a foreachBatch, a listener."""
    return any(_name(frame) in _CALLED_BACK and _CALLBACK.search(frame.file) for frame in thread.frames)


def _waits_for_spark(inner: Sequence[Frame]) -> bool:
    """Whether the innermost call reads an answer of Spark; computing in Spark's Python does not count."""
    if any(_CONNECT.search(frame.file) for frame in inner):
        return True
    above = _without(inner, _STREAM)
    if not above or not _SPARK.search(above[0].file):
        return False
    return len(above) < len(inner) or _name(above[0]) == "send_command"


def _wait_for_others(inner: Sequence[Frame]) -> Wait:
    if _name(inner[0]) == "accept":
        return Wait.TIME  # the user's own server, between two requests
    rest = _without(inner, _SELECT)
    caller = next((frame for frame in rest if _INSTALLED.search(frame.file)), None)
    if not rest or (caller is not None and not _POOLS.search(caller.file)):
        return Wait.NOTHING  # a library that waits for its own threads counts as a blocking call
    if _SERVER.search(rest[0].file):
        return Wait.TIME
    if not _POOL.search(rest[0].file) and not (_LOCK.search(rest[0].file)):
        return Wait.NOTHING
    pool = any(_POOL.search(frame.file) or _name(frame) == "join" for frame in rest)
    return Wait.THREADS if pool else Wait.SIGNAL


def _without(frames: Sequence[Frame], pattern: re.Pattern[str]) -> Sequence[Frame]:
    """The frames without the innermost ones whose file matches."""
    return frames[next((at for at, f in enumerate(frames) if not pattern.search(f.file)), len(frames)) :]


def _name(frame: Frame) -> str:
    """The name of its function, without the class that py-spy puts before it."""
    return frame.function.rpartition(".")[2]
