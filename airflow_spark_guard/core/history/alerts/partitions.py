"""Too many tasks, too few tasks, and the stage that takes the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import count, counted, counts, readable_duration, share
from airflow_spark_guard.core.history.alerts.places import capital, stage_place
from airflow_spark_guard.core.history.alerts.weight import LONG, is_long, runs_alone, slots_of, wall
from airflow_spark_guard.core.history.executor_time import cpus_of_a_task, seconds_of, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, StageHistory

_TINY: Final = 0.1
_QUARTER_OF_AN_HOUR: Final = 900.0
_FEWEST_STAGES: Final = 3


class TinyTasks(Rule):
    """Stages with many very short tasks."""

    name = "tiny tasks"
    about = (
        "Tasks are so short that starting them takes longer than their work: there are too many partitions"
    )
    limits = Limits(
        figure="tasks of stages whose median task takes less than 100 ms",
        shown=counts("task"),
        info=1000,
        warning=5000,
        source="DataFlint: more than 5,000 tasks with a median below 500 ms; 100 ms and 1,000 are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the stage with most of them."""
        stages = [one for one in history.stages if one.duration and one.duration.median < _TINY]
        tasks = sum(stage.duration.count for stage in stages if stage.duration)
        if not stages or not self.limits.passed(tasks):
            return
        largest = max(stages, key=lambda stage: stage.tasks)
        place = stage_place(history, largest)
        said = Said(
            f"{counted(len(stages), 'stage')} ran",
            f" of less than 100 ms; {place.where} had most of them.",
        )
        starting = total(part for stage in stages for part in (stage.deserialize_s, stage.scheduler_s))
        wasted = None if starting is None else starting * cpus_of_a_task(history)
        yield from self.raised(tasks, place, said, _fewer(largest), wasted)


def _fewer(stage: StageHistory) -> str:
    if stage.shuffle_read_bytes:
        return (
            "Set spark.sql.adaptive.coalescePartitions.parallelismFirst=false: Spark then joins small "
            "partitions "
            "up to spark.sql.adaptive.advisoryPartitionSizeInBytes. Without SQL lower "
            "spark.default.parallelism "
            "or numPartitions of the operation."
        )
    return (
        "Call coalesce(n) after the read, or pass fewer slices to parallelize(). For many small files see "
        "their alert."
    )


class TooFewPartitions(Rule):
    """A stage that cannot fill the task slots."""

    name = "too few partitions"
    about = "A stage has fewer tasks than there are task slots, and nothing else runs"
    limits = Limits(
        figure="part of the task slots without a task",
        shown=share,
        only_if=f"the stage took at least {LONG}, and no other stage ran at the same time",
        info=0.25,
        warning=0.5,
        critical=0.75,
        source="Sparklens' PRatio (tasks for each core) below 1; the limits are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each stage."""
        for stage in history.stages:
            seconds = wall(stage)
            if seconds is None or not stage.tasks or not is_long(history, seconds):
                continue
            slots = slots_of(history, stage)
            if slots and stage.tasks < slots and runs_alone(history, stage):
                place = stage_place(history, stage)
                said = Said(
                    f"The {counted(stage.tasks, 'task')} of {place.where} left",
                    f" of {count(slots)} task slots empty for {readable_duration(seconds)}.",
                )
                wasted = (slots - stage.tasks) * seconds * cpus_of_a_task(history)
                empty = 1 - stage.tasks / slots
                yield from self.raised(empty, place, said, _more(stage, slots), wasted)


def _more(stage: StageHistory, slots: float) -> str:
    if stage.shuffle_read_bytes:
        return (
            f"Set spark.sql.shuffle.partitions to at least {count(slots)} and lower "
            "spark.sql.adaptive.advisoryPartitionSizeInBytes; before a write use repartition(n), not "
            "coalesce(n): "
            "coalesce makes the whole stage narrow. A window or sort without partitionBy always has one task."
        )
    return (
        f"Call repartition({count(slots)}) after the read, or lower spark.sql.files.maxPartitionBytes. A "
        "gzip file "
        "is always one task, and so is a JDBC read without partitionColumn and numPartitions."
    )


class DominantStage(Rule):
    """The stage that takes most of the time."""

    name = "dominant stage"
    about = "One stage takes most of the application's time: a change pays off there"
    limits = Limits(
        figure="time of one stage in the application's time",
        shown=share,
        only_if=f"it took at least {readable_duration(_QUARTER_OF_AN_HOUR)}, of at least {_FEWEST_STAGES} "
        "stages",
        info=0.5,
        source="Kindling; 15m is Dr. Elephant's lowest limit of a stage, 50% is ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """At most one, for the longest stage."""
        whole = seconds_of(history)
        known = [(seconds, stage) for stage in history.stages if (seconds := wall(stage)) is not None]
        if not whole or len(known) < _FEWEST_STAGES:
            return
        seconds, stage = max(known, key=lambda one: one[0])
        if seconds >= _QUARTER_OF_AN_HOUR:
            place = stage_place(history, stage)
            said = Said(
                f"{capital(place.where)} took",
                f" of the application's time: {readable_duration(seconds)} of {readable_duration(whole)}.",
            )
            cure = "Begin with this stage: the alerts that name it, its plan, and the lines that lead to it."
            yield from self.raised(seconds / whole, place, said, cure)
