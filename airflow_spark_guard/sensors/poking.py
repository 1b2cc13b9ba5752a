"""The looks of a sensor that is not deferred: one a poke, from a worker."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.remote.observed_findings import ObservedFindings
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.submitter import (
    APPLICATION_KEY,
    nothing_told,
    state_told_by,
    target_told_by,
)
from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
from airflow_spark_guard.sources.find_application import find
from airflow_spark_guard.sources.http import MAX_BODY
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.remote.plan import Plan
    from airflow_spark_guard.core.remote.remote_watch import RemoteWatch
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.snapshot import Sight

_MEMORY = "spark_guard_watch"
_TICK = 5.0


@dataclass
class Poking:
    """One sensor's looks.

    Args:
        plan: what is watched.
        log: of the task.
        began: when the watch began.
        patient: whether the next poke will know nothing of this one, as in ``reschedule`` mode: a driver that
            has gone silent is then asked on until it is clear what that means.
    """

    plan: Plan
    log: TaskLogger
    began: EpochTime
    patient: bool = False
    _watch: RemoteWatch | None = None
    _saved: Memory = field(default_factory=Memory)
    _observed: ObservedFindings = field(default_factory=ObservedFindings)

    def look(self, context: Any) -> Outcome | None:
        """One look; None while the application may go on.

        Raises:
            ApplicationError: it cannot be watched.
        """
        hook = SparkMonitorHook(self.plan.conn_id or None)
        named = self._target(context)
        if named is None:
            return None
        target = hook.target(named).check()
        if self._watch is None:
            self._watch = self.plan.watch(
                self.began, history_server=bool(target.history_server), alone=target.has_history_alone
            )
            self._recall(self._watch, context)
        known = self._watch.memory.application_id
        target = replace(target, application_id=known or target.application_id)
        if not target.application_id:
            sight = find(target, hook.access_for, since=self.began, timeout=hook.timeout)
            if not sight.application_id:
                return self._judge(self._watch, sight, target, context)
            target = replace(target, application_id=sight.application_id)
        whole = self.plan.windows is not None
        asked = AsyncRemoteSource(
            target, hook.access_for, whole=whole, timeout=hook.timeout, max_body=MAX_BODY
        )
        with closing(RemoteSource(asked)) as source:
            return self._observe(self._watch, source, target, context)

    def _observe(
        self, watch: RemoteWatch, source: RemoteSource, target: Target, context: Any
    ) -> Outcome | None:
        while True:
            outcome = self._judge(watch, source.look(), target, context)
            if outcome is not None or not (self.patient and watch.course.undecided):
                return outcome
            time.sleep(_TICK)

    def _judge(self, watch: RemoteWatch, sight: Sight, target: Target, context: Any) -> Outcome | None:
        if sight.driver is None and self.plan.task_id:
            told = state_told_by(self._told(context), sight.application_id)
            sight = replace(sight, task=told)
        found = watch.observe(sight, epoch_now())
        for notice in watch.take_notices():
            self.log.warning("%s", notice)
        self._say_observed(watch, context)
        self._remember(watch.memory, context)
        return None if found is None else Outcome.of(found, watch.memory, target)

    def _say_observed(self, watch: RemoteWatch, context: Any) -> None:
        lines, summary = self._observed.take(watch)
        for line in lines:
            self.log.warning("%s", line)
        if summary is None:
            return
        try:
            context["ti"].xcom_push(key=VERDICT_KEY, value=summary)
        except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, nothing fails by it
            self.log.warning("The XCom %s could not be pushed: %s", VERDICT_KEY, type(problem).__name__)

    def _target(self, context: Any) -> Target | None:
        """Which application; None while the task that submits it has not told."""
        if not self.plan.task_id:
            return self.plan.target
        told = self._told(context)
        if told is not None:
            return target_told_by(told, self.plan.target)
        if time.time() - self.began >= self.plan.patience.start:
            raise nothing_told(self.plan.task_id, readable_duration(self.plan.patience.start))
        return None

    def _told(self, context: Any) -> Any:
        ti = context["ti"]
        # Without an index Airflow gives a list where the task is mapped.
        for index in self.plan.map_indexes(ti.map_index):
            told = ti.xcom_pull(task_ids=self.plan.task_id, key=APPLICATION_KEY, map_indexes=index)
            if told is not None:
                return told
        return None

    def _store(self, context: Any) -> Any:
        """What a later poke of the same try can read: XComs are gone by then. Airflow has it from 3.3 on."""
        return context.get("task_state_store") if self.patient else None

    def _recall(self, watch: RemoteWatch, context: Any) -> None:
        store = self._store(context)
        told = store.get(_MEMORY, None) if store is not None else None
        if isinstance(told, dict) and told.pop("attempt", None) == str(context["ti"].id):
            with suppress(ValueError):  # of another version
                self._saved = Memory.from_json(told)
                watch.recall(self._saved)

    def _remember(self, memory: Memory, context: Any) -> None:
        store = self._store(context)
        if store is not None and memory != self._saved:
            store.set(_MEMORY, {**memory.to_json(), "attempt": str(context["ti"].id)})
            self._saved = memory
