"""Lineages that a job builds, followed step by step, and cut when they have become too deep."""

from __future__ import annotations

import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.automatic import pyspark_seams
from airflow_spark_guard.job.instruments.automatic.wrapping import Hook
from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoints
from airflow_spark_guard.job.instruments.frames.lineage import lineage_of
from airflow_spark_guard.job.instruments.user_line import user_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_spark_guard.job.instruments.automatic.wrapping import Wrapping
    from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation

# These begin anew, return the same DataFrame, or call the script's own functions.
_NOT_STEPS = frozenset({"checkpoint", "localCheckpoint", "cache", "persist", "unpersist", "transform"})


def watch_lineages(instruments: SparkInstrumentation, wrapping: Wrapping) -> None:
    """Follow every DataFrame from now on.

    Args:
        instruments: take the measurements, and have the thresholds.
        wrapping: of PySpark's functions.
    """
    lineages = GrownLineages(instruments)
    step, aggregation = _Step(lineages), _Aggregation(lineages)
    frame = pyspark_seams.frame_class()
    for name in pyspark_seams.public_functions(frame):
        if name not in _NOT_STEPS:
            wrapping.replace(frame, name, step)
    for owner in pyspark_seams.grouped_classes():
        for name in pyspark_seams.public_functions(owner):
            wrapping.replace(owner, name, aggregation)
    for name in ("sql", "table"):
        wrapping.replace(pyspark_seams.session_class(), name, _Query(lineages))


class GrownLineages:
    """Counts the steps of each DataFrame in Python; asks Spark for the true depth only above the threshold.

    Args:
        instruments: take the measurements, and have the thresholds.
    """

    def __init__(self, instruments: SparkInstrumentation) -> None:
        self._instruments = instruments
        # Other DataFrames may have been made from an earlier one: none is given back by us. Spark's driver
        # frees those that the script no longer refers to.
        self._checkpoints = Checkpoints(release_previous=False)
        self._steps: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._thread = threading.local()
        self._frame_class = pyspark_seams.frame_class()

    @property
    def is_inside(self) -> bool:
        """Whether this thread is in a function of PySpark: it carries out one step by others."""
        return getattr(self._thread, "inside", False)

    @is_inside.setter
    def is_inside(self, value: bool) -> None:
        self._thread.inside = value

    def is_frame(self, value: Any) -> bool:
        """Whether it is a DataFrame."""
        return isinstance(value, self._frame_class)

    def grown(self, frame: Any, parents: Iterable[Any]) -> Any:
        """The DataFrame of one more step; checkpointed if it is too deep."""
        self._steps[frame] = 1 + max((self._steps.get(one, 0) for one in parents), default=0)
        return self._checked(frame)

    def read(self, frame: Any) -> Any:
        """The DataFrame of a query, which may read a view of any depth."""
        try:
            self._steps[frame] = lineage_of(frame).deepest.value
        except Exception as error:  # noqa: BLE001 - the job goes on
            self._instruments.failed("Reading a lineage", error)
        return self._checked(frame)

    def _checked(self, frame: Any) -> Any:
        if self._steps.get(frame, 0) <= self._instruments.thresholds.checkpoint:
            return frame
        with self._inside():
            try:
                return self._cut(frame)
            except Exception as error:  # noqa: BLE001 - what fails here fails in the script's own action as well
                self._steps[frame] = 0
                self._instruments.failed("An automatic checkpoint", error)
                return frame

    def _cut(self, frame: Any) -> Any:
        if frame.isStreaming:
            self._steps[frame] = 0  # Spark cannot checkpoint it
            return frame
        name = f"DataFrame at {user_line()}"
        result = self._instruments.cut_automatically(self._checkpoints, frame, name)
        # One that was not cut is less deep than it has steps: Spark merges some.
        self._steps[result] = lineage_of(result).deepest.value if result is frame else 0
        return result

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        before, self.is_inside = self.is_inside, True
        try:
            yield
        finally:
            self.is_inside = before


class _Outermost(Hook):
    """Around functions of PySpark, of which only the outermost counts."""

    def __init__(self, lineages: GrownLineages) -> None:
        self._lineages = lineages

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        del args, kwargs
        was_inside, self._lineages.is_inside = self._lineages.is_inside, True
        return was_inside

    def after(self, token: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        if token or not args or result is args[0] or not self._lineages.is_frame(result):
            return result
        self._lineages.is_inside = False
        return self._result(args, kwargs, result)

    def finally_(self, token: Any) -> None:
        self._lineages.is_inside = token

    def _result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        raise NotImplementedError


class _Step(_Outermost):
    """Around a function of a DataFrame."""

    def _result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        frames = [value for value in (*args, *kwargs.values()) if self._lineages.is_frame(value)]
        return self._lineages.grown(result, frames)


class _Aggregation(_Outermost):
    """Around a function of grouped rows."""

    def _result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        del kwargs
        return self._lineages.grown(result, pyspark_seams.parents(args[0]))


class _Query(_Outermost):
    """Around a function of a session."""

    def _result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        del args, kwargs
        return self._lineages.read(result)
