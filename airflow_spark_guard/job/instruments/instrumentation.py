"""``SparkInstrumentation``: measures what a job sends, how deep its plans are, and what its stages cost."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments import measurements
from airflow_spark_guard.job.instruments.closures.broadcasts import broadcast_size
from airflow_spark_guard.job.instruments.closures.closure import closure_size
from airflow_spark_guard.job.instruments.frames.analysis import analyze
from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoints
from airflow_spark_guard.job.instruments.frames.frame_warnings import FrameLimits
from airflow_spark_guard.job.instruments.messages import ChannelSink, Sink
from airflow_spark_guard.job.instruments.metrics import InstrumentMetrics
from airflow_spark_guard.job.instruments.summary import banner, described, summary
from airflow_spark_guard.job.instruments.thresholds import Thresholds
from airflow_spark_guard.job.instruments.user_line import user_line
from airflow_spark_guard.job.instruments.verbosity import Verbosity
from airflow_spark_guard.job.instruments.verbosity import verbosity as level_of
from airflow_spark_guard.job.text import shown, shown_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.job.instruments.closures.broadcasts import BroadcastSize
    from airflow_spark_guard.job.instruments.closures.captures import ClosureSize
    from airflow_spark_guard.job.instruments.frames.analysis import FrameAnalysis
    from airflow_spark_guard.job.instruments.measurement import Measurement

_NAME, _LONGEST_ERROR = 60, 300
_CAPTURED = 3


class SparkInstrumentation:
    """Measures a job's closures, DataFrames and broadcasts, warns of what is too large, cuts deep lineages.

    ::

        instruments = SparkInstrumentation(verbosity=2)
        instruments.measure_closure_size(score, "score")
        rows = instruments.checkpoint_if_needed(rows, "rows")
        print(instruments.get_metrics_summary())

    In a guarded attempt the measurements reach the task log (warnings), the record, the report page and the
    live page. Outside one, warnings go to standard error.

    Args:
        verbosity: 0 does nothing: measuring returns None and no DataFrame is changed. 1 warns. 2 also prints
            a line for each measurement. 3 also prints its details. None: the environment variable
            ``SPARK_GUARD_VERBOSITY``, else 1.
        thresholds: from which size or depth on it warns and cuts.
        sink: where measurements and text go; default: the attempt's channel and standard output.

    Raises:
        OptionError: the verbosity is not one of these.

    Attributes:
        verbosity: the level in use.
        thresholds: the thresholds in use.
        metrics: what was measured so far.
    """

    def __init__(
        self,
        verbosity: int | None = None,
        thresholds: Thresholds | None = None,
        *,
        sink: Sink | None = None,
    ) -> None:
        self.verbosity = level_of(verbosity)
        self.thresholds = thresholds or Thresholds()
        self.metrics = InstrumentMetrics()
        self._sink: Sink = sink or ChannelSink()
        self._checkpoints = Checkpoints()
        self._failed: set[str] = set()

    @property
    def is_on(self) -> bool:
        """Whether anything is measured."""
        return self.verbosity > Verbosity.SILENT

    def measure_closure_size(self, func: Any, name: str | None = None) -> ClosureSize | None:
        """The size of a function as Spark sends it, and the captured objects that make it up.

        Args:
            func: what is passed to ``mapPartitions``, ``udf``, ``applyInPandas`` and the like, or a UDF.
            name: how to name it in messages; default: its own name.

        Returns:
            The size in bytes; None at verbosity 0.

        Raises:
            UnpicklableError: Spark could not send it; names the object and how the script reaches it.
            OptionError: it cannot be called.
        """
        if not self.is_on:
            return None
        found = closure_size(func, name, threshold=self.thresholds.closure)
        self._take(measurements.of_closure(found, user_line()))
        return found

    def measure_broadcast(self, value: Any, name: str) -> BroadcastSize | None:
        """The size of a value as Spark broadcasts it; None at verbosity 0.

        Raises:
            UnpicklableError: Spark could not broadcast it.
        """
        if not self.is_on:
            return None
        found = broadcast_size(value, name, threshold=self.thresholds.broadcast)
        self._take(measurements.of_broadcast(found, user_line()))
        return found

    def analyze_dataframe(self, df: Any, name: str, *, count: bool = False) -> FrameAnalysis | None:
        """Columns, partitions, lineage depth, estimated size and joins of a DataFrame; None at verbosity 0.

        No job runs unless ``count`` asks for the number of rows.

        Raises:
            NotAFrameError: this is not a DataFrame.
            StoppedSessionError: its session has ended.
        """
        if not self.is_on:
            return None
        found = analyze(df, count=count, limits=FrameLimits(lineage=self.thresholds.lineage))
        self._take(measurements.of_frame(found, shown(name, _NAME), user_line()))
        return found

    def checkpoint_if_needed(self, df: Any, name: str, lineage_threshold: int | None = None) -> Any:
        """The DataFrame with its lineage cut if it is deeper than the threshold, else the same object.

        Cutting runs the DataFrame once: a reliable checkpoint if the session has a checkpoint directory,
        else a local one, whose rows are lost with an executor. The previous local checkpoint of this name is
        given back if the script no longer refers to it.

        Args:
            df: the DataFrame.
            name: what the script calls it.
            lineage_threshold: operators in a row, at least 2; default: ``thresholds.checkpoint`` (30).

        Raises:
            FrameError: and its subclasses; see :meth:`analyze_dataframe`.
            CheckpointDirectoryError: the checkpoint directory cannot be written.
        """
        if not self.is_on:
            return df
        return self._cut(self._checkpoints, df, name, lineage_threshold)

    def cut_automatically(self, checkpoints: Checkpoints, df: Any, name: str) -> Any:
        """As :meth:`checkpoint_if_needed`, for :func:`instrument`."""
        return self._cut(checkpoints, df, name, None)

    def _cut(self, checkpoints: Checkpoints, df: Any, name: str, threshold: int | None) -> Any:
        most = self.thresholds.checkpoint if threshold is None else threshold
        frame, made = checkpoints.checkpoint_if_needed(df, name, most)
        if made is not None:
            self._take(measurements.of_checkpoint(made, user_line()))
        return frame

    @contextlib.contextmanager
    def operation(self, name: str) -> Iterator[None]:
        """Print a title before the block, from verbosity 2 on."""
        if self.verbosity >= Verbosity.SUMMARY:
            self._sink.say(banner(f"{shown(name, _NAME)}: Starting"))
        yield

    def get_metrics_summary(self) -> str:
        """All measurements as text; those that are too large have a warning sign."""
        return summary(self.metrics)

    def take(self, item: Measurement) -> None:
        """Keep a measurement that was made elsewhere, as by :func:`instrument`."""
        if self.is_on:
            self._take(item)

    def failed(self, what: str, error: Exception) -> None:
        """Report, once for each kind of measurement, that it fails: the job goes on without it."""
        if what in self._failed:
            return
        self._failed.add(what)
        text = shown(f"{type(error).__name__}: {error}".splitlines()[0], _LONGEST_ERROR)
        self._sink.say(f"spark-guard: {what} failed, and the job goes on without it: {text}")

    def say(self, text: str, level: int = Verbosity.SUMMARY) -> None:
        """Print text if the verbosity is at least ``level``."""
        if self.verbosity >= level:
            self._sink.say(text)

    def _take(self, item: Measurement) -> None:
        self.metrics.take(item, self._sink)
        # A small action may run many stages: each is a step.
        level = Verbosity.STEPS if item.what == "stage" and not item.warning else Verbosity.SUMMARY
        self.say(f"  {_KIND[item.what]} '{shown(item.name, _NAME)}': {described(item)}", level)
        for text in _details(item):
            self.say(f"    {text}", Verbosity.STEPS)


_KIND = {
    "closure": "Closure",
    "frame": "DataFrame",
    "checkpoint": "Checkpoint",
    "broadcast": "Broadcast",
    "stage": "Stage",
}


def _details(item: Measurement) -> list[str]:
    if item.what == "closure":
        return [
            f"{one['path']}: {shown_bytes(one['bytes'])} ({one['type']})"
            for one in item.values["captured"][:_CAPTURED]
        ]
    if item.what == "frame":
        return [f"Columns: {item.values['columns']}", f"Plan nodes: {item.values['nodes']}"]
    return []
