"""Jobs that wait for each other, though none of them fills the cluster."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import Limits, Place, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import counted, readable_duration, share
from airflow_spark_guard.core.history.alerts.job_spans import executions_in_time
from airflow_spark_guard.core.history.alerts.places import job_place
from airflow_spark_guard.core.history.executor_time import (
    cpus_of_a_task,
    held_curve,
    seconds_of,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.alerts.job_spans import Span
    from airflow_spark_guard.core.history.model import ApplicationHistory, StageHistory

_FEWEST: Final = 3
_MINUTE: Final = 60.0
_QUARTER: Final = 0.25
_IDLE: Final = 0.5


class SerialJobs(Rule):
    """Jobs one after the other, none of which fills the cores."""

    name = "serial jobs"
    about = "Jobs ran one after the other and left most task slots idle: independent ones could overlap"
    limits = Limits(
        figure="idle part of the cores while these jobs ran",
        shown=share,
        only_if=f"at least {_FEWEST} jobs or SQL executions, none at the same time as another, each with "
        "that idle "
        f"part, took 1m and {share(_QUARTER)} of the application's time",
        info=_IDLE,
        source="ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """At most one, for the application."""
        whole, spans = seconds_of(history), executions_in_time(history)
        if not whole or any(after.begin < before.end for before, after in pairwise(spans)):
            return
        idle = [(span, part) for span, part in _idle_parts(history, spans) if part > _IDLE]
        seconds = sum(span.end - span.begin for span, _ in idle)
        if len(idle) < _FEWEST or seconds < max(_MINUTE, _QUARTER * whole):
            return
        longest = max((span for span, _ in idle), key=lambda span: span.end - span.begin)
        place = job_place(history, longest.jobs[0])
        said = Said(
            f"{counted(len(idle), 'job')} ran one after the other for {readable_duration(seconds)} and left",
            " of the cores idle.",
        )
        cure = (
            "If they do not need each other's results, start them in threads: ThreadPoolExecutor with "
            "pyspark.inheritable_thread_target, and spark.scheduler.mode=FAIR."
        )
        figure = sum(part * (span.end - span.begin) for span, part in idle) / seconds
        yield from self.raised(figure, Place("application", place.line), said, cure)


def _idle_parts(history: ApplicationHistory, spans: list[Span]) -> Iterator[tuple[Span, float]]:
    """The part of the cores without a task while each of them ran; those that are unknown are left out."""
    held, cpus = held_curve(history), cpus_of_a_task(history)
    stages: dict[int, list[StageHistory]] = {}
    for stage in history.stages:
        for job in stage.jobs:
            stages.setdefault(job, []).append(stage)
    if held is None:
        return
    for span in spans:
        own = {id(stage): stage for job in span.jobs for stage in stages.get(job.job, ())}
        ran, cores = total(stage.run_s for stage in own.values()), held.between(span.begin, span.end)
        if ran is not None and cores:
            yield span, max(0.0, 1 - ran * cpus / cores)
