"""What a job runs: each action is named after its line, and stages that have ended are read."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments import measurements
from airflow_spark_guard.job.instruments.automatic import pyspark_seams
from airflow_spark_guard.job.instruments.automatic.wrapping import Hook
from airflow_spark_guard.job.instruments.frames.analysis import analyze
from airflow_spark_guard.job.instruments.frames.frame_warnings import FrameLimits
from airflow_spark_guard.job.instruments.stages.call_sites import called_from
from airflow_spark_guard.job.instruments.stages.reader import StageReader
from airflow_spark_guard.job.instruments.stages.stage_warnings import warnings_of
from airflow_spark_guard.job.instruments.user_line import user_line
from airflow_spark_guard.job.instruments.verbosity import Verbosity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_spark_guard.job.instruments.automatic.overhead import Overhead
    from airflow_spark_guard.job.instruments.automatic.wrapping import Wrapping
    from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation
    from airflow_spark_guard.job.instruments.stages.stage_figures import StageFigures

# Seconds between two looks at the stages, at verbosity 1.
STAGES_EVERY = 10.0
FRAME_ACTIONS = (
    *("collect", "count", "first", "foreach", "foreachPartition", "head", "isEmpty", "show", "tail", "take"),
    *("toArrow", "toLocalIterator", "toPandas"),
)
RDD_ACTIONS = (
    *("aggregate", "collect", "count", "countByKey", "first", "fold", "foreach", "foreachPartition", "max"),
    *("mean", "min", "reduce", "saveAsTextFile", "saveAsPickleFile", "stats", "sum", "take", "takeOrdered"),
    *("top", "treeAggregate", "treeReduce"),
)
WRITER_ACTIONS = (
    *(
        "append",
        "create",
        "csv",
        "insertInto",
        "jdbc",
        "json",
        "orc",
        "overwrite",
        "parquet",
        "replace",
        "save",
    ),
    *("saveAsTable", "text", "createOrReplace", "overwritePartitions", "xml"),
)


class Actions:
    """Around actions: names, describes and reads what they run.

    Args:
        instruments: take the measurements.
        overhead: of everything that is done here.
    """

    def __init__(self, instruments: SparkInstrumentation, overhead: Overhead) -> None:
        self._instruments, self._overhead = instruments, overhead
        self._reader: StageReader | None = None
        self._context: Any = None
        self._read_at, self._since = time.monotonic(), int(time.time() * 1000)
        self._thread = threading.local()
        self._reading = threading.Lock()

    def wrap(self, wrapping: Wrapping) -> None:
        """Follow from now on."""
        frame = pyspark_seams.frame_class()
        for name in FRAME_ACTIONS:
            wrapping.replace(frame, name, _Action(self, name))
        for name in RDD_ACTIONS:
            wrapping.replace(pyspark_seams.rdd_class(), name, _Action(self, name))
        for owner in pyspark_seams.writer_classes():
            for name in WRITER_ACTIONS:
                wrapping.replace(owner, name, _Action(self, name))
        wrapping.replace(pyspark_seams.context_class(), "stop", _Stop(self))

    def finish(self) -> None:
        """Read the stages that are left, and close the reader."""
        with self._reading:
            reader, self._reader, self._context = self._reader, None, None
            if reader is not None:
                self._take(reader.read_rest(seconds=1.0))
                reader.close()

    def begin(self, what: str, owner: Any) -> contextlib.ExitStack | None:
        """An action of a DataFrame, a writer or an RDD begins; None inside of another one."""
        if getattr(self._thread, "inside", False):
            return None
        self._thread.inside, stack = True, contextlib.ExitStack()
        if self._overhead.allows():
            self.safely("Describing an action", lambda: self._describe(what, owner, stack))
        return stack

    def end(self, stack: contextlib.ExitStack) -> None:
        """The action has ended, or failed."""
        self._thread.inside = False
        self.safely("Naming an action", stack.close)
        self.safely("Reading stages", self._read)

    def safely(self, what: str, act: Callable[[], None]) -> None:
        """Do something that must not disturb the job."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the job goes on
            self._instruments.failed(what, error)

    def _describe(self, what: str, owner: Any, stack: contextlib.ExitStack) -> None:
        with self._overhead.spending():
            frame = pyspark_seams.frame_of(owner)
            if frame is None:
                self._follow(owner.ctx)  # PySpark names actions of RDDs by itself
                return
            line, context = user_line(), frame.sparkSession.sparkContext
            self._follow(context)
            stack.enter_context(called_from(context, what, line))
            if self._instruments.verbosity < Verbosity.SUMMARY:
                return
            limits = FrameLimits(lineage=self._instruments.thresholds.lineage)
            # To plan it a second time is for those who want every step.
            found = analyze(frame, plan=self._instruments.verbosity >= Verbosity.STEPS, limits=limits)
            self._instruments.take(measurements.of_frame(found, f"{what} at {line}", line))

    def _follow(self, context: Any) -> None:
        """Read the stages of this application; a script may stop its context and make another."""
        with self._reading:
            if self._context is not context:
                if self._reader is not None:
                    self._reader.close()
                self._context, self._reader = context, StageReader.of(context, since=self._since)

    def _read(self) -> None:
        now = time.monotonic()
        is_due = self._instruments.verbosity >= Verbosity.SUMMARY or now - self._read_at >= STAGES_EVERY
        if self._reader is None or not is_due or not self._overhead.allows():
            return
        self._read_at = now
        with self._overhead.spending(), self._reading:
            if self._reader is not None:
                self._take(self._reader.read_new())

    def _take(self, stages: Iterable[StageFigures]) -> None:
        limit = self._instruments.thresholds.closure
        for stage in stages:
            self._instruments.take(measurements.of_stage(stage, warnings_of(stage, task_bytes=limit)))


class _Action(Hook):
    """Around one action of a DataFrame, a writer or an RDD."""

    def __init__(self, actions: Actions, what: str) -> None:
        self._actions, self._what = actions, what

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        del kwargs
        return self._actions.begin(self._what, args[0])

    def finally_(self, token: Any) -> None:
        if token is not None:
            self._actions.end(token)


class _Stop(Hook):
    """Around the end of a context: its figures end with it."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        del args, kwargs
        self._actions.safely("Reading stages", self._actions.finish)
