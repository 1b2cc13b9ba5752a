"""Functions and broadcasts that PySpark sends, measured where it pickles them: their size costs nothing.

Only a function that is too large is pickled once more, to find out what makes it so.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments import measurements
from airflow_spark_guard.job.instruments.automatic import pyspark_seams
from airflow_spark_guard.job.instruments.automatic.wrapping import Hook
from airflow_spark_guard.job.instruments.closures import kinds, members
from airflow_spark_guard.job.instruments.closures.broadcasts import BroadcastSize, broadcast_advice
from airflow_spark_guard.job.instruments.closures.captures import ClosureSize
from airflow_spark_guard.job.instruments.closures.closure import closure_size
from airflow_spark_guard.job.instruments.errors import InstrumentError
from airflow_spark_guard.job.instruments.user_line import user_line
from airflow_spark_guard.job.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.job.instruments.automatic.wrapping import Wrapping
    from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation

_NAME = 60
# Seconds for a second look at a large function.
_PATIENCE = 2.0


class _Pickled(threading.local):
    """Sizes of the functions that PySpark has broadcast for the command that this thread pickles."""

    sizes: list[int] | None = None


def watch_sent(instruments: SparkInstrumentation, wrapping: Wrapping) -> None:
    """Measure what PySpark pickles from now on.

    Args:
        instruments: take the measurements.
        wrapping: of PySpark's functions.
    """
    pickled = _Pickled()
    for module in pyspark_seams.pickling_modules():
        wrapping.replace(module, pyspark_seams.PREPARE, _Commands(instruments, pickled))
    wrapping.replace(pyspark_seams.context_class(), "broadcast", _Broadcasts(instruments, pickled))


class _Commands(Hook):
    """Around the function that pickles: ``(sc, command) -> (pickle, ...)``."""

    def __init__(self, instruments: SparkInstrumentation, pickled: _Pickled) -> None:
        self._instruments, self._pickled = instruments, pickled

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        del args, kwargs
        outer, self._pickled.sizes = self._pickled.sizes, []
        return outer

    def after(self, token: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        del token
        try:
            # PySpark broadcasts the pickle of a large function, and sends a reference to it.
            size = max([len(result[0]), *(self._pickled.sizes or ())])
            self._measure(kwargs.get("command", args[-1] if args else None), size)
        except Exception as error:  # noqa: BLE001 - the job goes on
            self._instruments.failed("Measuring a function", error)
        return result

    def finally_(self, token: Any) -> None:
        self._pickled.sizes = token

    def _measure(self, command: Any, size: int) -> None:
        functions = pyspark_seams.sent_functions(command)
        name = shown(" and ".join(members.name_of(one) for one in functions[:2]) or "a function", _NAME)
        limit = self._instruments.thresholds.closure
        found = ClosureSize(name, size, ())
        if size > limit:
            found = _explained(functions, found, limit)
        self._instruments.take(measurements.of_closure(found, user_line()))


def _explained(functions: tuple[Any, ...], found: ClosureSize, limit: int) -> ClosureSize:
    """What makes a large function large; without an explanation its size alone."""
    parts = []
    for function in functions:
        with contextlib.suppress(InstrumentError):
            parts.append(closure_size(function, found.name, threshold=limit, seconds=_PATIENCE))
    if not parts:
        return found
    largest = max(parts, key=lambda part: part.size_bytes)
    return ClosureSize(found.name, found.size_bytes, largest.captured, largest.complete, largest.advice)


class _Broadcasts(Hook):
    """Around ``SparkContext.broadcast``: ``(context, value) -> broadcast``."""

    def __init__(self, instruments: SparkInstrumentation, pickled: _Pickled) -> None:
        self._instruments, self._pickled = instruments, pickled

    def after(self, token: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        del token
        try:
            self._measure(kwargs.get("value", args[-1] if args else None), result)
        except Exception as error:  # noqa: BLE001 - the job goes on
            self._instruments.failed("Measuring a broadcast", error)
        return result

    def _measure(self, value: Any, made: Any) -> None:
        if self._pickled.sizes is not None:
            self._pickled.sizes.append(len(value))
            return
        size = pyspark_seams.broadcast_bytes(made)
        if size is None:
            return
        kind = kinds.type_name(value)
        name = f"broadcast of {shown(kind, _NAME)}"
        advice = broadcast_advice(name, size, self._instruments.thresholds.broadcast, kind)
        found = BroadcastSize(name, size, kind, advice=advice)
        self._instruments.take(measurements.of_broadcast(found, user_line()))
