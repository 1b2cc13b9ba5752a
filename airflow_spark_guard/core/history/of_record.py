"""The history of an attempt from its record: the summary, and what the watchdog observed.

Observations come every few seconds and have no single task, so that a record knows less than an event log:
``missing`` says what. A stage ends here when an observation no longer has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.model import ApplicationHistory, Sample, StageHistory
from airflow_spark_guard.core.history.numbers import moment_of, number_of
from airflow_spark_guard.core.history.seen_executors import SeenExecutors
from airflow_spark_guard.core.watch.observation import HostMemory
from airflow_spark_guard.core.web.spark_rest import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage

_ORIGIN: Final = re.compile(r"  \[[^\]]*\]\Z")
_BYTES: Final = {
    "input_bytes": "inputBytes",
    "input_records": "inputRecords",
    "output_bytes": "outputBytes",
    "output_records": "outputRecords",
    "shuffle_read_bytes": "shuffleReadBytes",
    "shuffle_write_bytes": "shuffleWriteBytes",
    "memory_spilled_bytes": "memoryBytesSpilled",
    "disk_spilled_bytes": "diskBytesSpilled",
}
NO_TASKS: Final = (
    "A record has no single tasks, and of a stage what was last seen of it: skew, stragglers and exact sums "
    "are in Spark's event log."
)
NO_OBSERVATIONS: Final = (
    "The watchdog made no observation: the attempt ended too soon, or could not start Spark."
)
UNSEEN: Final = "The driver's REST API gave no answer: "


def history_of_record(summary: Mapping[str, Any], observations: Iterable[Observation]) -> ApplicationHistory:
    """The history of one attempt.

    Args:
        summary: ``summary.json`` as read.
        observations: of the same record, by time.
    """
    started = moment_of(summary.get("started_at")) or EpochTime(0.0)
    fold = _Fold(started)
    for observation in observations:
        fold.add(observation)
    ended, conf = number_of(summary.get("ended_at_s")), summary.get("conf")
    end = None if ended is None else EpochTime(started + ended)
    known = conf.items() if isinstance(conf, dict) else ()
    conf = {str(key): _ORIGIN.sub("", str(value)) for key, value in known}
    return ApplicationHistory(
        id=str(summary.get("application_id") or ""),
        name=conf.get("spark.app.name", ""),
        started=started or None,
        ended=end,
        last_seen=end or fold.last,
        conf=conf,
        stages=fold.stages(),
        executors=fold.executors.all(),
        samples=tuple(fold.samples),
        missing=fold.missing(),
    )


@dataclass
class _Seen:
    """One stage attempt, as last observed."""

    row: Stage
    first: EpochTime
    last: EpochTime
    gone: EpochTime | None = None


@dataclass
class _Fold:
    """What the observations so far have shown."""

    started: EpochTime
    samples: list[Sample] = field(default_factory=list)
    last: EpochTime | None = None
    _stages: dict[tuple[int, int], _Seen] = field(default_factory=dict)
    executors: SeenExecutors = field(init=False)
    _blind: str = ""

    def __post_init__(self) -> None:
        self.executors = SeenExecutors(self.started)

    def add(self, observation: Observation) -> None:
        at = moment_of(observation.wall) or EpochTime(self.started + (number_of(observation.at) or 0.0))
        self.last = at
        self._blind = observation.blind or self._blind
        if observation.driver is not None:
            self._see(observation.driver, at)
        self.executors.add(observation)
        self.samples.append(self._sample(observation, at))

    def stages(self) -> tuple[StageHistory, ...]:
        return tuple(_stage(seen) for _, seen in sorted(self._stages.items()))

    def missing(self) -> tuple[str, ...]:
        if not self.samples:
            return (NO_OBSERVATIONS,)
        blind = (UNSEEN + self._blind,) if self._blind and not self._stages else ()
        return (*blind, NO_TASKS)

    def _see(self, view: DriverView, at: EpochTime) -> None:
        for row in view.stages:
            seen = self._stages.setdefault(row.key, _Seen(row, at, at))
            seen.row, seen.last, seen.gone = row, at, None
        active = {row.key for row in view.stages}
        for key, seen in self._stages.items():
            if key not in active and seen.gone is None:
                seen.gone = at

    def _sample(self, observation: Observation, at: EpochTime) -> Sample:
        view, inside = observation.driver, observation.inside
        running, cores = _slots(view)
        memory = observation.memory or HostMemory()
        return Sample(
            at,
            running=running,
            cores=cores,
            done=None if view is None else sum(seen.row.done for seen in self._stages.values()),
            driver_jvm=_known(memory.driver_jvm),
            driver_python=_known(memory.driver_python or (inside.rss if inside is not None else 0)),
            executor_jvms=_known(memory.executor_jvms),
            workers=_known(memory.workers),
            gc_s=None if view is None else sum(one.gc_ms for one in view.executors) / 1000,
            heartbeats=None if inside is None else inside.heartbeats,
        )


def _slots(view: DriverView | None) -> tuple[int | None, int | None]:
    """Tasks that ran, and the slots that there were."""
    if view is None:
        return None, None
    running = sum(row.active for row in view.stages)
    cores = sum(one.cores for one in view.executors if one.active)
    # Spark may list the next task of a slot before its last one has ended.
    return (min(running, cores) if cores else running), cores


def _known(size: int) -> int | None:
    return size or None


def _stage(seen: _Seen) -> StageHistory:
    row = seen.row
    figures = dict(zip(COUNTERS, row.counters, strict=False))
    return StageHistory(
        row.stage,
        row.attempt,
        name=row.name,
        tasks=row.tasks,
        done=row.done,
        failed=row.failed,
        submitted=row.submitted or seen.first,
        completed=seen.gone,
        **{name: figures.get(counter) for name, counter in _BYTES.items()},  # type: ignore[arg-type]
    )
