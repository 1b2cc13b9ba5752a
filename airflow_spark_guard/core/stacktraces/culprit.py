"""Finds the process whose line to name: of all lines seen, the one that does not wait for another.

A driver that waits for a Spark job does not hang by itself: the line is a worker's, or it is not known. If a
main thread waits for another thread, a child process or a streaming query, that one is named instead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.stacktraces.jvm_stack import frames_of, is_task
from airflow_spark_guard.core.stacktraces.python_stack import is_ours, is_users
from airflow_spark_guard.core.stacktraces.waiting import (
    OTHERS,
    Wait,
    hanging_place,
    hanging_thread,
    has_users,
    place_in,
    wait_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.stacktraces.diagnostics import Diagnostics, Jvm
    from airflow_spark_guard.core.stacktraces.python_stack import Frame, PythonProcess, PythonThread
    from airflow_spark_guard.core.web.spark_rest import JavaThread

_RUNS_A_JOB = "org.apache.spark.scheduler.DAGScheduler.runJob("
_PYTHON_TASK = ("org.apache.spark.api.python.", "org.apache.spark.sql.execution.python.")
_MOST_STAGES = 3
_DRIVER = "driver"
_A_QUERY = "its streaming query"
_UNKNOWN = "the line in the worker is not known"


@dataclass(frozen=True)
class Culprit:
    """The process to name, if any.

    Attributes:
        process: the process with the line; None if the line is not known.
        unknown: if the line is not known, a sentence about which line of the driver waits, and for what.
    """

    process: PythonProcess | None = None
    unknown: str = ""


class _Stand(NamedTuple):
    """The driver's line and what it waits for."""

    wait: Wait
    frame: Frame


def find(snapshots: Diagnostics) -> Culprit:
    """The process to name, or the reason why there is none."""
    worker = _worker(snapshots)
    driver, stand = snapshots.driver, _stand(snapshots)
    if snapshots.suspect == "worker":
        return (
            Culprit(worker)
            if worker is not None
            else Culprit(unknown=_sentence(_waiting(snapshots), snapshots))
        )
    if driver is None or stand is None:
        return Culprit(worker)
    if stand.wait is Wait.NOTHING:
        return Culprit(driver)
    child = next(filter(_works, snapshots.children), None)
    if stand.wait in OTHERS and child is not None:
        return Culprit(child)
    if worker is not None:
        return Culprit(worker)
    return (
        Culprit(unknown=_sentence(stand, snapshots))
        if _is_elsewhere(stand.wait, snapshots)
        else Culprit(driver)
    )


def waits_for_a_job(thread: JavaThread) -> bool:
    """Whether a thread of the driver's JVM waits for the end of a Spark job."""
    return any(frame.startswith(_RUNS_A_JOB) for frame in frames_of(thread.stack))


def _worker(snapshots: Diagnostics) -> PythonProcess | None:
    """The worker to name: one that does not move, at the line that most of those share."""
    seen = [
        worker
        for worker in snapshots.workers
        if hanging_place(worker.threads) and not _is_over(worker, snapshots.jvms)
    ]
    still = [worker for worker in seen if worker.still] or [w for w in seen if w.still is None] or seen
    places = Counter(place_in(worker.threads) for worker in still)
    return max(still, key=lambda worker: places[place_in(worker.threads)], default=None)


def _works(child: PythonProcess) -> bool:
    """Whether a process of a pool is working; an idle one shows the line that has forked it."""
    thread = hanging_thread(child.threads)
    return thread is not None and wait_of(thread) is not Wait.THREADS


def _is_over(worker: PythonProcess, jvms: Iterable[Jvm]) -> bool:
    """Whether its stack is from the log and outdated: its executor has no task that waits for Python now."""
    jvm = next((jvm for jvm in jvms if jvm.executor == worker.executor), None)
    if jvm is None or not worker.logged:
        return False
    frames = (frame for thread in jvm.threads if is_task(thread) for frame in frames_of(thread.stack))
    return not any(frame.startswith(_PYTHON_TASK) for frame in frames)


def _stand(snapshots: Diagnostics) -> _Stand | None:
    """The driver's line; None if its Python was not seen, or does not run user code."""
    threads = snapshots.driver.threads if snapshots.driver is not None else ()
    thread = hanging_thread(threads)
    if thread is None:
        return None
    wait = wait_of(thread)
    if wait in OTHERS and any(map(_asks_spark_for_a_library, threads)):
        wait = Wait.SPARK  # a pool of pyspark.ml or joblib, whose threads run no user code
    return _Stand(wait, _users_frame(thread))


def _waiting(snapshots: Diagnostics) -> _Stand | None:
    """The line of the driver that waits for the stage."""
    threads = snapshots.driver.threads if snapshots.driver is not None else ()
    waits = [(wait_of(thread), thread) for thread in threads if has_users(thread)]
    for wanted in (Wait.SPARK, Wait.QUERY, *sorted(OTHERS)):
        found = next((thread for wait, thread in waits if wait is wanted), None)
        if found is not None:
            return _Stand(wanted, _users_frame(found))
    return None


def _asks_spark_for_a_library(thread: PythonThread) -> bool:
    foreign = not any(is_users(frame) or is_ours(frame) for frame in thread.frames)
    return foreign and wait_of(thread) is Wait.SPARK and _calls_spark(thread.frames)


def _calls_spark(frames: Sequence[Frame]) -> bool:
    """Whether it calls the JVM, instead of waiting for a call from it."""
    return any(frame.function.rpartition(".")[2] == "send_command" for frame in frames)


def _users_frame(thread: PythonThread) -> Frame:
    return next(filter(is_users, thread.frames))


def _is_elsewhere(wait: Wait, snapshots: Diagnostics) -> bool:
    """Whether the driver waits for something outside it; if not, it hangs in its own call."""
    if wait is Wait.QUERY:
        return True
    if wait is Wait.SPARK:
        return _runs_a_job(snapshots) is not False
    # A driver without a Spark job, and one that waits for a signal that never comes, hang by themselves.
    return wait is not Wait.SIGNAL and snapshots.suspect != "driver" and _runs_a_job(snapshots) is True


def _runs_a_job(snapshots: Diagnostics) -> bool | None:
    """Whether a Spark job is running; None if unknown."""
    drivers = [jvm for jvm in snapshots.jvms if jvm.executor == _DRIVER]
    if any(waits_for_a_job(thread) for jvm in drivers for thread in jvm.threads):
        return True
    return None if snapshots.stages is None else bool(snapshots.stages)


def _sentence(stand: _Stand | None, snapshots: Diagnostics) -> str:
    stages = snapshots.stages or ()
    names = ", ".join(map(str, stages[:_MOST_STAGES])) + (", ..." if len(stages) > _MOST_STAGES else "")
    what = f"stage{'s' if len(stages) > 1 else ''} {names}" if stages else "a Spark job"
    if stand is None:
        return f"{what}: {_UNKNOWN}" if stages else ""
    if stand.wait is Wait.QUERY and not stages:
        what = _A_QUERY
    unknown = "the line that hangs is not known" if what == _A_QUERY else _UNKNOWN
    return f"the driver waits in {stand.frame.file}:{stand.frame.line} for {what}; {unknown}"
