"""All kinds of alerts, and the alerts of an application in the order in which they matter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import SEVERITIES
from airflow_spark_guard.core.history.alerts.driver import DriverGaps, SlowStart
from airflow_spark_guard.core.history.alerts.executors import ExecutorImbalance, ExecutorLosses, IdleCores
from airflow_spark_guard.core.history.alerts.failures import FailedTasks, RepeatedStages
from airflow_spark_guard.core.history.alerts.figures import counted
from airflow_spark_guard.core.history.alerts.joins import LargeBroadcast, PairwiseJoin
from airflow_spark_guard.core.history.alerts.memory import (
    GarbageCollection,
    OversizedDriverMemory,
    OversizedExecutorMemory,
    Spill,
)
from airflow_spark_guard.core.history.alerts.partitions import DominantStage, TinyTasks, TooFewPartitions
from airflow_spark_guard.core.history.alerts.scans import SmallFilesRead, SmallFilesWritten, UnpushedFilter
from airflow_spark_guard.core.history.alerts.serial import SerialJobs
from airflow_spark_guard.core.history.alerts.shuffle import FetchWait
from airflow_spark_guard.core.history.alerts.skew import Skew, Stragglers
from airflow_spark_guard.core.history.executor_time import held_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.history.alerts.alert import Alert, Rule
    from airflow_spark_guard.core.history.model import ApplicationHistory

ALERTS: Final[tuple[Rule, ...]] = (
    Skew(),
    Stragglers(),
    Spill(),
    GarbageCollection(),
    FetchWait(),
    TinyTasks(),
    TooFewPartitions(),
    DominantStage(),
    IdleCores(),
    ExecutorImbalance(),
    OversizedExecutorMemory(),
    OversizedDriverMemory(),
    ExecutorLosses(),
    FailedTasks(),
    RepeatedStages(),
    PairwiseJoin(),
    LargeBroadcast(),
    UnpushedFilter(),
    SmallFilesRead(),
    SmallFilesWritten(),
    SlowStart(),
    DriverGaps(),
    SerialJobs(),
)
"""One object for each kind."""

INFO_BELOW: Final = 0.01
WARNING_BELOW: Final = 0.1


def alerts_of(history: ApplicationHistory) -> tuple[Alert, ...]:
    """The alerts of an application: those that waste most first, then those whose waste is unknown.

    Severity is lowered if little is wasted: below 1% of the core-seconds held to info, below 10% to a
    warning. Alerts of one kind at one line are one alert, the worst of them.
    """
    held = held_by(history)
    found = _one_for_each_line(alert for rule in ALERTS for alert in rule.alerts(history))
    return tuple(sorted((_weighed(alert, held) for alert in found), key=_order))


def _order(alert: Alert) -> tuple[float, int, str, str]:
    wasted = -1.0 if alert.wasted_core_seconds is None else alert.wasted_core_seconds
    return (-wasted, -SEVERITIES.index(alert.severity), alert.kind, alert.where)


def _weighed(alert: Alert, held: float | None) -> Alert:
    if not held or alert.wasted_core_seconds is None:
        return alert
    part = alert.wasted_core_seconds / held
    highest = 0 if part < INFO_BELOW else 1 if part < WARNING_BELOW else 2
    return replace(alert, severity=SEVERITIES[min(highest, SEVERITIES.index(alert.severity))])


def _one_for_each_line(alerts: Iterable[Alert]) -> list[Alert]:
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        key = (alert.kind, alert.line or alert.where)
        groups.setdefault(key, []).append(alert)
    return [_merged(group) for group in groups.values()]


def _merged(group: list[Alert]) -> Alert:
    """The worst of them, with the waste of all."""
    first = min(group, key=_worst)
    others = len(group) - 1
    if not others:
        return first
    wasted = [alert.wasted_core_seconds for alert in group if alert.wasted_core_seconds is not None]
    return replace(
        first,
        what=f"{first.what} This line has {counted(others, 'more such alert')}.",
        wasted_core_seconds=sum(wasted) if wasted else None,
    )


def _worst(alert: Alert) -> tuple[int, float]:
    return (-SEVERITIES.index(alert.severity), -(alert.wasted_core_seconds or 0.0))
