"""Memory that does not suffice, and memory that is never used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import APPLICATION, Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import counted, share, size
from airflow_spark_guard.core.history.alerts.places import stage_place
from airflow_spark_guard.core.history.alerts.weight import LARGE, is_large
from airflow_spark_guard.core.history.container_size import driver_heap, executor_heap
from airflow_spark_guard.core.history.executor_time import DRIVER, cpus_of_a_task, held_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_BUFFER: Final = 1.2
_LEAST_SAVED: Final = 2 * _GIB
_DATAFLINT_UNUSED: Final = 0.3


class Spill(Rule):
    """A stage that spilled to disk."""

    name = "spill"
    about = "Tasks of a stage had too little memory and wrote to disk what did not fit"
    limits = Limits(
        figure="bytes spilled to disk",
        shown=size,
        info=100 * _MIB,
        warning=_GIB,
        source="Kindling reports any spill; the sizes are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each stage."""
        for stage in history.stages:
            spilled = stage.disk_spilled_bytes
            if spilled is not None and self.limits.passed(spilled):
                place = stage_place(history, stage)
                said = Said(
                    f"The {counted(stage.tasks, 'task')} of {place.where} spilled",
                    " to disk: their data did not fit into their share of the executor's memory.",
                )
                cure = (
                    "Make smaller partitions: raise spark.sql.shuffle.partitions, lower "
                    "spark.sql.adaptive.advisoryPartitionSizeInBytes, or call repartition(n). Else raise "
                    "spark.executor.memory, or lower spark.executor.cores."
                )
                yield from self.raised(spilled, place, said, cure)


class GarbageCollection(Rule):
    """Garbage collection that takes a large part of the run time of tasks."""

    name = "garbage collection"
    about = "The executors' JVMs collect garbage while tasks wait"
    limits = Limits(
        figure="time of garbage collection in the run time of tasks",
        shown=share,
        only_if=f"it is at least {LARGE}",
        info=0.1,
        warning=0.15,
        critical=0.2,
        source="Dr. Elephant's ExecutorGcHeuristic: 10% moderate, 15% severe, 20% critical",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the stage with the longest collections."""
        stages = [
            (stage, stage.gc_s, stage.run_s)
            for stage in history.stages
            if stage.gc_s is not None and stage.run_s is not None
        ]
        collecting, running = sum(gc for _, gc, _ in stages), sum(run for *_, run in stages)
        lost = collecting * cpus_of_a_task(history)
        if len(stages) < len(history.stages) or running <= 0 or not is_large(held_by(history), lost):
            return
        place = stage_place(history, max(stages, key=lambda one: one[1])[0])
        said = Said("Garbage collection took", f" of the run time of tasks, most of it in {place.where}.")
        cure = (
            "Raise spark.executor.memory or lower spark.executor.cores, so that each task has more heap; "
            "unpersist() what is cached and not read again; keep rows in DataFrames, not in RDDs of objects."
        )
        yield from self.raised(collecting / running, place, said, cure, lost)


class OversizedExecutorMemory(Rule):
    """A heap of executors of which a part was never used."""

    name = "oversized executor memory"
    about = "No executor used more than a part of its heap"
    limits = Limits(
        figure="part of spark.executor.memory that no executor used",
        shown=share,
        only_if=f"{size(_LEAST_SAVED)} for each executor can be saved, and no stage spilled",
        warning=_DATAFLINT_UNUSED,
        source="DataFlint: less than 70% used; it advises 1.2x of the peak",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application."""
        heap, peak = executor_heap(history.conf), _peak_of_executors(history)
        if heap is None or peak is None or any(stage.disk_spilled_bytes for stage in history.stages):
            return
        advised = _advised(peak)
        if heap - advised >= _LEAST_SAVED:
            said = Said(
                "The executors never used",
                f" of their heap: the largest peak is {size(peak)} of {size(heap)}.",
            )
            yield from self.raised(
                1 - peak / heap, APPLICATION, said, f"Set spark.executor.memory={advised // _MIB}m."
            )


def _peak_of_executors(history: ApplicationHistory) -> int | None:
    """The largest heap of an executor; None if one that ran tasks was not measured, or in ``local[n]``."""
    peaks = [one.heap_peak for one in history.executors if one.id != DRIVER and one.tasks != 0]
    known = [peak for peak in peaks if peak is not None]
    return max(known) if known and len(known) == len(peaks) else None


def _advised(peak: int) -> int:
    """The peak and a buffer, in whole 512 MiB, at least 1 GiB."""
    half = _GIB // 2
    return max(_GIB, math.ceil(peak * _BUFFER / half) * half)


class OversizedDriverMemory(Rule):
    """A heap of the driver of which a part was never used."""

    name = "oversized driver memory"
    about = "The driver's JVM used only a part of its heap"
    limits = Limits(
        figure="part of spark.driver.memory that the driver's JVM did not use",
        shown=share,
        only_if=f"{size(_LEAST_SAVED)} can be saved",
        info=_DATAFLINT_UNUSED,
        source="as for executors",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application."""
        heap, peak = driver_heap(history.conf), _peak_of_driver(history)
        if heap is None or peak is None:
            return
        advised = _advised(peak)
        if heap - advised >= _LEAST_SAVED:
            said = Said("The driver never used", f" of its heap: its peak is {size(peak)} of {size(heap)}.")
            yield from self.raised(
                1 - peak / heap, APPLICATION, said, f"Set spark.driver.memory={advised // _MIB}m."
            )


def _peak_of_driver(history: ApplicationHistory) -> int | None:
    """Its largest heap, else the largest resident memory of its JVM, which has the heap in it."""
    heaps = [one.heap_peak for one in history.executors if one.id == DRIVER and one.heap_peak is not None]
    resident = [sample.driver_jvm for sample in history.samples if sample.driver_jvm is not None]
    return max(heaps or resident, default=None)
