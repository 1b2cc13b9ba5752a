"""Keeps the account of an attempt while it runs, so that its end needs no look back at its observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.cost import receipt_of
from airflow_spark_guard.core.history.executor_time import lost_executors
from airflow_spark_guard.core.history.model import ApplicationHistory
from airflow_spark_guard.core.history.seen_executors import SeenExecutors
from airflow_spark_guard.core.history.waste import cost_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.watch.observation import Observation


class Accounting:
    """Of one attempt.

    Args:
        started: when it started.
    """

    def __init__(self, started: EpochTime) -> None:
        self._started = started
        self._executors = SeenExecutors(started)
        self._has_seen = False

    def observe(self, observation: Observation) -> None:
        """Take an observation."""
        self._has_seen = self._has_seen or observation.driver is not None or bool(observation.exits)
        self._executors.add(observation)

    def cost(self, conf: Mapping[str, str], seconds: float, *, succeeded: bool) -> dict[str, Any] | None:
        """The field ``cost`` of ``summary.json``; None if nothing was observed.

        Args:
            conf: Spark's configuration.
            seconds: from the start of the attempt to its end.
            succeeded: whether it did.
        """
        if not self._has_seen:
            return None
        history = ApplicationHistory(
            started=self._started,
            ended=EpochTime(self._started + seconds),
            conf=conf,
            executors=self._executors.all(),
        )
        # An observation names the newest ones only: in a crash loop there are more than it names.
        losses = max(len(lost_executors(history)), self._executors.failures)
        return cost_fields(receipt_of(history), losses, succeeded=succeeded)
