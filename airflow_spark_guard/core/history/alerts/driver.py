"""Time in which executors wait for the driver: before the first task, and between jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_spark_guard.core.history.alerts.alert import APPLICATION, Limits, Place, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import count, readable_duration, share
from airflow_spark_guard.core.history.alerts.job_spans import Span, jobs_in_time
from airflow_spark_guard.core.history.alerts.places import job_place
from airflow_spark_guard.core.history.executor_time import (
    DRIVER,
    end_of,
    held_between,
    held_curve,
    seconds_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.model import ApplicationHistory, JobHistory

_MINUTE: Final = 60.0
_START_SHARE: Final = 0.1
_CLUSTER: Final = (
    "The cluster was full, or it starts machines or pulls images first: ask for fewer or smaller executors, "
    "or keep some ready."
)
_SCRIPT: Final = (
    "Look at what the script does before its first action: it lists files, installs packages, downloads, or "
    "plans a long query."
)


class SlowStart(Rule):
    """A long time until the first task."""

    name = "slow start"
    about = "It takes long until the first task runs"
    limits = Limits(
        figure="time from the application's start to its first task",
        shown=readable_duration,
        only_if=f"it is at least {share(_START_SHARE)} of the application's time",
        info=_MINUTE,
        warning=5 * _MINUTE,
        source="ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application."""
        whole, first = seconds_of(history), _first_task(history)
        if not whole or first is None or history.started is None:
            return
        waited = first - history.started
        if waited >= _START_SHARE * whole:
            late = _came_late(history, history.started + waited / 2)
            said = Said(
                "The first task started after",
                f"; the application took {readable_duration(whole)}. "
                + ("Executors came late." if late else "The driver was not ready earlier."),
            )
            cure = _CLUSTER if late else _SCRIPT
            wasted = held_between(history, history.started, first)
            yield from self.raised(waited, APPLICATION, said, cure, wasted)


def _came_late(history: ApplicationHistory, moment: float) -> bool:
    """Whether no executor was there at that moment; in ``local[n]`` the driver is the only one."""
    came = [one.added for one in history.executors if one.added is not None and one.id != DRIVER]
    return bool(came) and min(came) >= moment


def _first_task(history: ApplicationHistory) -> float | None:
    """When the first task started, or a time before which none did; None if unknown."""
    known = [stage.first_task for stage in history.stages if stage.first_task is not None]
    if known:
        return min(known)
    submitted = [stage.submitted for stage in history.stages if stage.submitted is not None]
    came = [executor.added for executor in history.executors if executor.added is not None]
    return max(min(submitted), min(came)) if submitted and came else None


class _Gap(NamedTuple):
    """A time without a job, and the job before it."""

    begin: float
    end: float
    after: JobHistory


class DriverGaps(Rule):
    """Times without a job."""

    name = "driver gaps"
    about = "No Spark job runs: the driver's own code works, and executors wait for it"
    limits = Limits(
        figure="time without a job after the first one, in the application's time",
        shown=share,
        only_if="one gap takes at least 1m",
        info=0.2,
        warning=0.4,
        critical=0.7,
        source="Sparklens reports it as Driver WallClock; the limits are ours",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the longest gap."""
        whole, gaps = seconds_of(history), _gaps(history)
        if not whole or not gaps:
            return
        longest = max(gaps, key=lambda gap: gap.end - gap.begin)
        seconds = longest.end - longest.begin
        if seconds < _MINUTE:
            return
        after = job_place(history, longest.after)
        said = Said(
            "The driver worked without a Spark job for",
            f" of the application's time. The longest of {count(len(gaps))} gaps took "
            f"{readable_duration(seconds)}, after {after.where}.",
        )
        cure = (
            "Look at the code after that job: toPandas(), collect() and loops over rows run in the driver "
            "alone. "
            "Keep the data in Spark (groupBy().applyInPandas, a write), or do that part in a task without "
            "Spark."
        )
        held = held_curve(history)
        wasted = None if held is None else sum(held.between(gap.begin, gap.end) for gap in gaps)
        figure = sum(gap.end - gap.begin for gap in gaps) / whole
        yield from self.raised(figure, Place(f"after {after.where}", after.line), said, cure, wasted)


def _gaps(history: ApplicationHistory) -> list[_Gap]:
    """Times without a job after the first one."""
    spans, last = jobs_in_time(history), end_of(history)
    if not spans or last is None:
        return []
    gaps, before = [], spans[0]
    for span in (*spans[1:], Span(last, last, ())):
        if span.begin > before.end:
            gaps.append(_Gap(before.end, span.begin, before.jobs[0]))
        before = max(before, span, key=lambda one: one.end)
    return gaps
