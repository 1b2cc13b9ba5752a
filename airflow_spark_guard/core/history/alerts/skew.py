"""One task that is slower than the others: because it has more data, or because of where it ran."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Limits, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import readable_duration, size, times
from airflow_spark_guard.core.history.alerts.places import capital, stage_place, text
from airflow_spark_guard.core.history.alerts.weight import LONG, idle_tail, is_long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, Spread, StageHistory

FEWEST_TASKS: Final = 4
_EXPLAINED: Final = 0.5
_MOST: Final = 0.8
_SEVERAL: Final = 2


@dataclass(frozen=True)
class _Slowest:
    """The longest task of a stage against the others.

    Attributes:
        stage: the stage.
        spread: the durations of its tasks.
        data_factor: its bytes against the third quartile of all; None if unknown.
    """

    stage: StageHistory
    spread: Spread
    data_factor: float | None

    @property
    def by_data(self) -> bool | None:
        """Whether its bytes account for at least half of its delay; None if unknown."""
        if self.data_factor is None:
            return None
        delay = self.spread.high / self.spread.p75 - 1
        return self.data_factor - 1 >= _EXPLAINED * delay


def _slowest(history: ApplicationHistory) -> Iterator[_Slowest]:
    """One for each stage whose longest task delays the application."""
    for stage in history.stages:
        spread = stage.duration
        if spread is None or spread.count < FEWEST_TASKS or spread.p75 <= 0 or spread.median <= 0:
            continue
        if is_long(history, spread.high - spread.p75):
            yield _Slowest(stage, spread, _data_factor(stage))


def _data_factor(stage: StageHistory) -> float | None:
    if stage.read is None or not stage.slowest or stage.read.high <= 0:
        return None
    longest = max(stage.slowest, key=lambda task: task.seconds)
    return longest.read_bytes / max(stage.read.p75, 1.0)


class Skew(Rule):
    """A stage whose longest task has more data than the others."""

    name = "skew"
    about = "The longest task of a stage has more data than the others, which wait for it"
    limits = Limits(
        figure="longest task against the third quartile (p75)",
        shown=times,
        only_if=f"it is at least {LONG} longer than the p75; its bytes account for half of that, or are "
        "unknown",
        info=1.5,
        warning=5.0,
        critical=10.0,
        source="Databricks' Spark UI guide (1.5x the p75), Spark's skewedPartitionFactor (5), DataFlint and "
        "Dr. Elephant (10x the median)",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each stage."""
        for found in _slowest(history):
            if found.by_data is not False:
                place = stage_place(history, found.stage)
                said = Said(
                    f"The longest task of {place.where} took",
                    f" the third quartile of its tasks: {readable_duration(found.spread.high)} against "
                    f"{readable_duration(found.spread.p75)}. {_bytes_of(found)}",
                )
                wasted = idle_tail(history, found.stage)
                ratio = found.spread.high / found.spread.p75
                yield from self.raised(ratio, place, said, _cure(history, found.stage), wasted)


def _bytes_of(found: _Slowest) -> str:
    read = found.stage.read
    if found.data_factor is None or read is None:
        return "How much it read is not known."
    return f"One task read up to {size(read.high)}, most read at most {size(read.p75)}."


def _cure(history: ApplicationHistory, stage: StageHistory) -> str:
    if (stage.input_bytes or 0) > (stage.shuffle_read_bytes or 0):
        return (
            "Spark could not split the input evenly: write files of a format that can be split (Parquet, not "
            "gzip text), or call repartition() right after the read."
        )
    if history.conf.get("spark.sql.adaptive.enabled") == "false":
        return "Set spark.sql.adaptive.enabled=true: Spark then splits large partitions of a join."
    return (
        "One key has many rows. For a join set spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes "
        "below the bytes of that task; for a groupBy, or if that does not help, add a random number to the "
        "key "
        "(salt it) and aggregate twice. Look for null or default keys first."
    )


class Stragglers(Rule):
    """A stage whose longest task is slow without more data."""

    name = "stragglers"
    about = (
        "The longest task of a stage has no more data than the others: its executor, its host or its rows "
        "are slow"
    )
    limits = Limits(
        figure="longest task against the median",
        shown=times,
        only_if=f"it is at least {LONG} longer than the p75; its bytes do not account for half of that",
        warning=3.0,
        critical=10.0,
        source="Spark's spark.speculation.multiplier (3), DataFlint and Dr. Elephant (10x the median)",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for each stage."""
        for found in _slowest(history):
            if found.by_data is False:
                place = stage_place(history, found.stage)
                cause, cure = _cause(history, found.stage, found.spread)
                said = Said(
                    f"The longest task of {place.where} took",
                    f" the median of its tasks: {readable_duration(found.spread.high)} against "
                    f"{readable_duration(found.spread.median)}, with hardly more data. {cause}",
                )
                wasted = idle_tail(history, found.stage)
                yield from self.raised(found.spread.high / found.spread.median, place, said, cure, wasted)


def _cause(history: ApplicationHistory, stage: StageHistory, spread: Spread) -> tuple[str, str]:
    """What the slow tasks have in common, and what to do."""
    slow = [task for task in stage.slowest if task.seconds > (spread.p75 + spread.high) / 2]
    used = set(stage.by_executor)
    hosts = {executor.host for executor in history.executors if executor.id in used}
    place = _shared("executor", [task.executor for task in slow], used) or _shared(
        "host", [task.host for task in slow], hosts
    )
    if place:
        cure = (
            f"Look at {place}: its disk, its load, its neighbours. If tasks may run twice, "
            "spark.speculation=true starts a copy elsewhere."
        )
        return f"{capital(place)} ran {len(slow)} slow tasks.", cure
    cure = (
        "Some rows cost more than others, or a service answered late: time the function for each partition, "
        "and spread the expensive rows with repartition()."
    )
    return "No host has most of the slow tasks.", cure


def _shared(kind: str, names: list[str], all_names: set[str]) -> str:
    """The one of several that at least two slow tasks, and most of them, ran on; empty without one."""
    if len(all_names) < _SEVERAL or not names:
        return ""
    name, number = Counter(names).most_common(1)[0]
    return f"{kind} {text(name)}" if number >= max(_SEVERAL, _MOST * len(names)) else ""
