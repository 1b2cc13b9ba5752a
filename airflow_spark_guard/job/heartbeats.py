"""``heartbeat``: the job's own word that it goes on, from the driver and from executors."""

from __future__ import annotations

import json
import os
import sys
import time

from airflow_spark_guard.job.progress import BETWEEN_HEARTBEATS, current, one_line
from airflow_spark_guard.job.reporting import ReportError, refusal
from airflow_spark_guard.job.wire import CHANNEL_ENV

MARK = "SPARK_GUARD_HEARTBEAT"
_STDERR = 2
_HUGE = 1e300  # NaN, infinity and what JSON would make of larger ones are beyond it
# The zip that a guarded attempt ships; where this module comes from elsewhere, nobody reads our lines.
_SHIPPED = f"airflow_spark_guard_job.zip{os.sep}" in __file__


def heartbeat(text: str = "", *, done: float | None = None, total: float | None = None) -> None:
    """Say that the job goes on, where Spark's own counters cannot show it.

    ::

        for number, fold in enumerate(folds, 1):
            heartbeat(f"fold {number}", done=number, total=len(folds))
            model.fit(*fold)

    Call it from long loops: on the driver between two Spark jobs, or inside a UDF, above all in a grouped
    one (``applyInPandas``) whose whole group is silent until it ends. Calls are cheap, and at most one a
    second is written. Only calls count: a text that never changes is as good as a new one.

    From the driver's own process it goes over the attempt's channel. From executors, and from processes that
    the driver starts, it is one line on standard error, ``SPARK_GUARD_HEARTBEAT {"w": pid, "t": seconds
    since the epoch, "n": calls so far, "s": stage, "text": ...}``. An accumulator would not do: its updates
    travel when the task ends, and a task that ends needs no heartbeat. Neither would the channel: it is a
    file on the driver's machine. Standard error of a Python worker is in the executor's log, readable through
    its log page while the task runs; in ``local[n]`` it is the output of spark-submit itself.

    Outside a guarded attempt the arguments are checked and nothing else happens.

    Args:
        text: kept in the record of the attempt; made one line of at most 200 characters.
        done: how much is done, in any unit.
        total: of how much, in the same unit.

    Raises:
        ReportError: ``text`` is no text, ``done`` or ``total`` is no finite number.
    """
    if not isinstance(text, str):
        raise ReportError(
            refusal("heartbeat(text) takes text.", type(text).__name__, "text", "Use str() or an f-string.")
        )
    _check_number("done", done)
    _check_number("total", total)
    progress = current()
    if progress is None:
        _worker.beat(text, done, total)
    else:
        progress.beat(text, done, total)


def _check_number(name: str, value: object) -> None:
    if value is None or (
        isinstance(value, (int, float)) and type(value) is not bool and -_HUGE < value < _HUGE
    ):
        return
    raise ReportError(
        refusal(
            f"heartbeat({name}=...) takes a finite number.",
            f"{value!r:.80}" if isinstance(value, float) else type(value).__name__,
            "int or float, or None",
            "Convert first: int(x) or float(x) for numpy numbers, len(x) for collections.",
        )
    )


class _Worker:
    """Heartbeats of a process that cannot reach the channel; a forked child goes on counting by itself."""

    def __init__(self) -> None:
        self.count, self.quiet_until = 0, 0.0

    def beat(self, text: str, done: float | None, total: float | None) -> None:
        """Count, and write a line unless one was written within this second."""
        self.count += 1
        now = time.monotonic()
        if now < self.quiet_until:
            return
        self.quiet_until = now + BETWEEN_HEARTBEATS
        if _SHIPPED or CHANNEL_ENV in os.environ:
            # One write, so that lines of several workers do not mix; not sys.stderr, which the worker or the
            # user's code may have redirected.
            os.write(_STDERR, line(self.count, text, done, total))


def line(count: int, text: str, done: float | None, total: float | None) -> bytes:
    """The line on standard error; ``core/watch/executor_heartbeat.py`` reads it."""
    fields = {"w": os.getpid(), "t": round(time.time(), 3), "n": count, "text": one_line(text)}
    more = (("s", _stage()), ("done", done), ("total", total))
    known = {name: value for name, value in more if value is not None}
    return f"{MARK} {json.dumps({**fields, **known})}\n".encode()


def _stage() -> int | None:
    """The stage whose task this process runs, or was forked from; None outside a task."""
    # Looked up, not imported: a process without PySpark runs no task.
    module = sys.modules.get("pyspark.taskcontext")
    try:
        context = None if module is None else module.TaskContext.get()
        return None if context is None else int(context.stageId())
    except (AttributeError, TypeError, ValueError):
        return None


_worker = _Worker()
