"""Executors that have less to do than others, that have nothing to do, or that are lost."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.history.alerts.alert import APPLICATION, Limits, Place, Rule, Said
from airflow_spark_guard.core.history.alerts.figures import core_time, count, counts, share, times
from airflow_spark_guard.core.history.alerts.places import capital, executor_name, text
from airflow_spark_guard.core.history.container_size import manager_of
from airflow_spark_guard.core.history.executor_time import (
    cpus_of_a_task,
    held_by,
    lost_executors,
    seconds_of,
    stays_of,
    used_by,
)
from airflow_spark_guard.core.watch.loss_advice import advice_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.history.alerts.alert import Alert
    from airflow_spark_guard.core.history.executor_time import Stay
    from airflow_spark_guard.core.history.model import ApplicationHistory

_FEWEST: Final = 3
_HALF: Final = 0.5
_BUSY: Final = 300.0
_LEAST_IDLE: Final = 600.0
_GOAL: Final = 0.8


class ExecutorImbalance(Rule):
    """An executor that is much busier than the others."""

    name = "executor imbalance"
    about = "One executor is much busier than the others"
    limits = Limits(
        figure="busy share of the busiest executor against the median",
        shown=times,
        only_if=f"at least {_FEWEST} executors were there for half of the longest stay, and the busiest "
        "ran tasks "
        "for at least 5m",
        info=10**0.25,
        warning=10**0.5,
        critical=10.0,
        source="Dr. Elephant's ExecutorsHeuristic: 1.78x moderate, 3.16x severe, 10x critical, from 5m on",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application, at the busiest executor."""
        busy = _busy_shares(history)
        if len(busy) < _FEWEST:
            return
        (most, stay), middle = max(busy, key=lambda one: one[0]), median(part for part, _ in busy)
        if middle > 0 and (stay.executor.run_s or 0.0) >= _BUSY:
            name = executor_name(stay.executor)
            said = Said(
                f"{capital(name)} was busy",
                f" as much as the median of {len(busy)} executors: {share(most)} against {share(middle)} "
                "of its time.",
            )
            cure = (
                "Look at where the data is: tasks follow cached or local blocks. Set "
                "spark.locality.wait=0s, or "
                "call repartition() before cache()."
            )
            wasted = sum((most - part) * one.core_seconds for part, one in busy)
            yield from self.raised(most / middle, Place(name), said, cure, wasted)


def _busy_shares(history: ApplicationHistory) -> list[tuple[float, Stay]]:
    """The share of its slots' time that each executor ran tasks; empty if unknown for one of them."""
    stays = [stay for stay in stays_of(history) or () if stay.core_seconds > 0]
    longest = max((stay.seconds for stay in stays), default=0.0)
    stays = [stay for stay in stays if stay.seconds >= _HALF * longest]
    if any(stay.executor.run_s is None for stay in stays):
        return []
    cpus = cpus_of_a_task(history)
    return [((stay.executor.run_s or 0.0) * cpus / stay.core_seconds, stay) for stay in stays]


class IdleCores(Rule):
    """Cores that are held without a task."""

    name = "idle cores"
    about = "Executors hold cores that run no task"
    limits = Limits(
        figure="part of the held core-seconds without a task",
        shown=share,
        only_if=f"it is at least {core_time(_LEAST_IDLE)}",
        warning=0.5,
        critical=0.8,
        source="DataFlint: 50%; spark-advisor-rules: critical above 80%",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application."""
        held, used = held_by(history), used_by(history)
        if not held or used is None or held - used < _LEAST_IDLE:
            return
        said = Said(
            "Executors were idle for",
            f" of the time of their cores: {core_time(held - used)} of {core_time(held)}.",
        )
        yield from self.raised(1 - used / held, APPLICATION, said, _fewer(history, used / held), held - used)


def _fewer(history: ApplicationHistory, part: float) -> str:
    if manager_of(history.conf) == "local":
        return "Give local[n] fewer cores, or let the driver's own code wait for less: see the other alerts."
    if history.conf.get("spark.dynamicAllocation.enabled") == "true":
        return (
            "Lower spark.dynamicAllocation.executorIdleTimeout (default 60s) and "
            "spark.dynamicAllocation.minExecutors, or spark.dynamicAllocation.maxExecutors."
        )
    stays, whole = stays_of(history) or (), seconds_of(history) or 0.0
    mean = sum(stay.seconds for stay in stays) / whole if whole else len(stays)
    enough = max(1, math.ceil(mean * part / _GOAL))
    return (
        f"Ask for fewer executors: {count(enough)} of this size could have run these tasks at "
        f"{share(_GOAL)} use "
        "(spark.executor.instances, spark.cores.max). Or set spark.dynamicAllocation.enabled=true and "
        "spark.dynamicAllocation.shuffleTracking.enabled=true: Spark then gives idle executors back."
    )


class ExecutorLosses(Rule):
    """Executors that were lost, not given back."""

    name = "executor losses"
    about = "Executors were lost while the application ran, and their tasks ran again elsewhere"
    limits = Limits(
        figure="executors lost",
        shown=counts("executor"),
        info=0,
        warning=2,
        source="ours: the watchdog allows three losses",
    )

    def alerts(self, history: ApplicationHistory) -> Iterator[Alert]:
        """One for the application."""
        lost = lost_executors(history)
        if not lost:
            return
        first = min(lost, key=lambda one: one.removed or 0.0)
        reason = text(first.reason) or "Spark gave no reason"
        said = Said(
            "The application lost",
            f" of {count(len(history.executors))}. The first was {executor_name(first)}: {reason}",
        )
        cure = advice_on(one.reason for one in lost)
        yield from self.raised(len(lost), Place(executor_name(first)), said, cure)
