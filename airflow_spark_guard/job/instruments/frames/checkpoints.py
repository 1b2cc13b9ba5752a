"""Cut a lineage that has become too deep, with the checkpoint that this session allows."""

from __future__ import annotations

import time
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.errors import FrameError, StoppedSessionError
from airflow_spark_guard.job.instruments.frames.checkpoint_risks import (
    CheckpointKind,
    Cluster,
    allocation_warning,
    lost_with_an_executor,
)
from airflow_spark_guard.job.instruments.frames.connect_plans import connect_depth
from airflow_spark_guard.job.instruments.frames.jvm_plans import JvmPlans, is_connect
from airflow_spark_guard.job.instruments.frames.jvm_storage import (
    check_writable,
    checkpoint_directory,
    cluster_of,
    release,
)
from airflow_spark_guard.job.instruments.frames.lineage import classic_lineage, lineage_of
from airflow_spark_guard.job.text import shown

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.frames.paths import Depth

THRESHOLD = 30
# A fresh checkpoint: the RDD of the DataFrame, and the checkpoint as its parent.
_LEAST = 2
_NAME = 60


@dataclass(frozen=True)
class Checkpoint:
    """A lineage that was cut.

    Attributes:
        name: what the script calls the DataFrame.
        threshold: the depth above which it was cut.
        before: the depth that was cut.
        after: the depth of the DataFrame that came back, read anew.
        seconds: of the job that computed the rows.
        directory: of a reliable checkpoint; None for a local one.
        lost_with_executor: what is lost when an executor ends.
        warning: what dynamic allocation does to it; empty if nothing. Not known on Spark Connect.
        released: earlier local checkpoints of this name that were given back now.
    """

    name: str
    threshold: int
    before: Depth
    after: Depth
    seconds: float = 0.0
    directory: str | None = None
    lost_with_executor: str = ""
    warning: str = ""
    released: int = 0

    @property
    def kind(self) -> CheckpointKind:
        """``reliable`` (files of the checkpoint directory) or ``local`` (blocks of the executors)."""
        return "local" if self.directory is None else "reliable"


@dataclass(frozen=True, eq=False)
class _Held:
    """A local checkpoint: its RDD in the JVM, with its number, and the DataFrame that the script got."""

    context: Any
    rdd: Any
    number: int
    frame: weakref.ReferenceType[Any]


class Checkpoints:
    """Cuts lineages and remembers, by name, which local checkpoint is the last one.

    The previous local checkpoint of a name is given back once the new one is computed, if the new DataFrame
    was made from it and the script no longer refers to the DataFrame that it got for it: then, or at a later
    call with this name. Any other stays until the driver's garbage collection finds it, as always with Spark.
    Files of reliable checkpoints stay: ``spark.cleaner.referenceTracking.cleanCheckpoints`` decides, which is
    off by default.

    Args:
        release_previous: give blocks back. Turn it off where a script goes on with *another* DataFrame that
            it made from the previous checkpoint: a job that reads released blocks fails.
    """

    def __init__(self, *, release_previous: bool = True) -> None:
        self._release_previous = release_previous
        self._last: dict[str, _Held] = {}
        # By name: replaced, but the script still referred to their DataFrames.
        self._replaced: dict[str, list[_Held]] = {}

    def checkpoint_if_needed(
        self, df: Any, name: str, threshold: int = THRESHOLD
    ) -> tuple[Any, Checkpoint | None]:
        """The DataFrame with a lineage of at most ``threshold``: the same object, or one that begins anew.

        Cutting it runs the DataFrame once, now.

        Args:
            df: the DataFrame, classic or Connect.
            name: what the script calls it: the next checkpoint of this name replaces this one.
            threshold: operators or RDDs in a row, at least 2.

        Raises:
            NotAFrameError: this is not a DataFrame.
            StoppedSessionError: its session has ended.
            CheckpointDirectoryError: the session's checkpoint directory cannot be written.
            FrameError: the threshold is too small.
        """
        if threshold < _LEAST:
            raise FrameError(
                "This threshold would cut every DataFrame again and again.",
                got=str(threshold),
                expected=f"{_LEAST} or more: a fresh checkpoint is {_LEAST} steps deep",
                advice=f"Leave it out for {THRESHOLD}.",
            )
        if is_connect(df):
            return _on_connect(df, name, threshold)
        plans = JvmPlans(df)
        self._release(name, plans.context)
        before = classic_lineage(plans).deepest
        if before.value <= threshold:
            return df, None
        directory = checkpoint_directory(plans.context)
        if directory is not None:
            check_writable(plans.context, directory)
        planned = Checkpoint(shown(name, _NAME), threshold, before, before, directory=directory)
        frame, made = _cut(df, planned, cluster_of(plans.context))
        self._replace(name, plans, frame, made.kind)
        return frame, replace(made, released=self._release(name, plans.context))

    def _replace(self, name: str, plans: JvmPlans, frame: Any, kind: CheckpointKind) -> None:
        """Remember the new one, and the previous one if the new one was made from it."""
        held = self._last.pop(name, None)
        if kind == "local":
            new = JvmPlans(frame)
            rdd = next(new.rdds(new.analyzed))
            self._last[name] = _Held(plans.context, rdd, int(rdd.id()), weakref.ref(frame))
        # Two DataFrames may go by one name, as in a function that is called for each of them.
        if held is None or held.context is not plans.context or not self._release_previous:
            return
        if held.number in {int(rdd.id()) for rdd in plans.rdds(plans.analyzed)}:
            self._replaced.setdefault(name, []).append(held)

    def _release(self, name: str, context: Any) -> int:
        """Give back those of this name that the script no longer refers to; how many."""
        # Those of a context that was stopped are gone.
        replaced = [held for held in self._replaced.pop(name, []) if held.context is context]
        kept = [held for held in replaced if held.frame() is not None]
        for held in replaced:
            if held not in kept:
                release(held.rdd)
        if kept:
            self._replaced[name] = kept
        return len(replaced) - len(kept)


def _cut(df: Any, planned: Checkpoint, cluster: Cluster) -> tuple[Any, Checkpoint]:
    start = time.monotonic()
    frame = df.localCheckpoint() if planned.kind == "local" else df.checkpoint()
    seconds = time.monotonic() - start
    return frame, replace(
        planned,
        seconds=seconds,
        after=lineage_of(frame).deepest,
        lost_with_executor=lost_with_an_executor(planned.kind, cluster),
        warning=allocation_warning(planned.kind, cluster),
    )


def _on_connect(df: Any, name: str, threshold: int) -> tuple[Any, Checkpoint | None]:
    """On Connect the server forgets a checkpoint when the client's last DataFrame made from it is gone."""
    session = df.sparkSession
    if session.is_stopped:
        raise StoppedSessionError(
            "The Spark of this DataFrame no longer runs.",
            got="the Connect session was stopped",
            expected="a running session",
            advice="Create the DataFrame anew with the session that runs now, or stop the session later.",
        )
    before = connect_depth(df)[0]
    if before.value <= threshold:
        return df, None
    # The client sees only a directory that was set as a property (Spark 4.0), not by a call in the server.
    directory = session.conf.get("spark.checkpoint.dir", None) or None
    planned = Checkpoint(shown(name, _NAME), threshold, before, before, directory=directory)
    return _cut(df, planned, Cluster())
