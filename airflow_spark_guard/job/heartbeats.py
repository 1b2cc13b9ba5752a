"""``heartbeat``: the job reports that it is making progress, from the driver and from executors."""

from __future__ import annotations

import json
import os
import sys
import time

from airflow_spark_guard.job.progress import BETWEEN_HEARTBEATS, current, one_line
from airflow_spark_guard.job.reporting import warn
from airflow_spark_guard.job.values import single
from airflow_spark_guard.job.wire import CHANNEL_ENV, write_to_stderr

MARK = "SPARK_GUARD_HEARTBEAT"
_HUGE = 1e300  # excludes NaN, infinity and numbers that JSON would turn into them
# The zip that a guarded attempt ships; if this module comes from elsewhere, its lines are not read.
_SHIPPED = f"airflow_spark_guard_job.zip{os.sep}" in __file__


def heartbeat(text: str = "", *, done: float | None = None, total: float | None = None) -> None:
    """Report that the job is making progress that Spark's own counters cannot show.

    ::

        for number, fold in enumerate(folds, 1):
            heartbeat(f"fold {number}", done=number, total=len(folds))
            model.fit(*fold)

    Call it from long loops: on the driver between two Spark jobs, or inside a UDF, above all in a grouped
    one (``applyInPandas``), whose whole group is silent until it ends. Calls are cheap, and at most one per
    second is written. Only the call counts: the text need not change.

    From the driver's own process it is sent over the attempt's channel. From executors, and from processes
    that the driver starts, it is one line on standard error, ``SPARK_GUARD_HEARTBEAT {"w": pid, "t": seconds
    since the epoch, "n": calls so far, "s": stage, "text": ...}``. An accumulator does not work: its updates
    are sent when the task ends. Neither does the channel: it is a file on the driver's machine. Standard
    error of a Python worker is in the executor's log, which can be read through its log page while the task
    runs; in ``local[n]`` it is the output of spark-submit itself.

    Outside a guarded attempt it is a no-op. It never raises: an argument that cannot be sent is left out with
    one warning.

    Args:
        text: kept in the record of the attempt, as one line of at most 200 characters.
        done: how much is done, in any unit; a finite number, numpy's included.
        total: how much there is to do, in the same unit.
    """
    note, so_far, of_all = _text(text), _number("done", done), _number("total", total)
    progress = current()
    if progress is None:
        _worker.beat(note, so_far, of_all)
    else:
        progress.beat(note, so_far, of_all)


def _text(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may have broken methods
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - whatever the object's own __str__ raises
        warn("heartbeat(text)", f"str() of it failed: {type(error).__name__}")
        return ""


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    try:
        found = single(value, "its value")
        if isinstance(found, (int, float)) and type(found) is not bool and -_HUGE < found < _HUGE:
            return found
        trouble = f"it is not a finite number: {found!r:.80}"
    except ValueError as error:  # an integer of too many digits cannot be shown either
        trouble = str(error)
    warn(f"heartbeat({name}=...)", trouble)
    return None


class _Worker:
    """Heartbeats of a process that cannot reach the channel; a forked child continues its own count."""

    def __init__(self) -> None:
        self.count, self.quiet_until = 0, 0.0

    def beat(self, text: str, done: float | None, total: float | None) -> None:
        """Count, and write a line unless one was written within the last second."""
        self.count += 1
        now = time.monotonic()
        if now < self.quiet_until:
            return
        self.quiet_until = now + BETWEEN_HEARTBEATS
        if _SHIPPED or CHANNEL_ENV in os.environ:
            write_to_stderr(line(self.count, text, done, total))


def line(count: int, text: str, done: float | None, total: float | None) -> bytes:
    """The line on standard error; ``core/watch/executor_heartbeat.py`` reads it."""
    fields = {"w": os.getpid(), "t": round(time.time(), 3), "n": count, "text": one_line(text)}
    more = (("s", _stage()), ("done", done), ("total", total))
    known = {name: value for name, value in more if value is not None}
    return f"{MARK} {json.dumps({**fields, **known})}\n".encode()


def _stage() -> int | None:
    """The stage of the task that this process, or its parent before the fork, runs; None outside a task."""
    # Looked up, not imported: a process without PySpark runs no task.
    module = sys.modules.get("pyspark.taskcontext")
    try:
        context = None if module is None else module.TaskContext.get()
        return None if context is None else int(context.stageId())
    except (AttributeError, TypeError, ValueError):
        return None


_worker = _Worker()
