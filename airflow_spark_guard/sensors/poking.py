"""The looks of a sensor that is not deferred: one a poke, from a worker."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY
from airflow_spark_guard.core.remote.submitting_task import APPLICATION_KEY
from airflow_spark_guard.core.remote.watching import MEMORY_KEY, Watching, recalled, run
from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
from airflow_spark_guard.sources.find_application import find
from airflow_spark_guard.sources.http import MAX_BODY
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_spark_guard.attempt.log import TaskLogger
    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.remote.outcome import Outcome
    from airflow_spark_guard.core.remote.plan import Plan
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.snapshot import Snapshot

_TICK = 5.0


@dataclass
class Poking:
    """One sensor's looks.

    Args:
        plan: what is watched.
        log: of the task.
        began: when the watch began.
        patient: whether the next poke is of another process, as in ``reschedule`` mode.
    """

    plan: Plan
    log: TaskLogger
    began: EpochTime
    patient: bool = False
    _watching: Watching | None = None

    def look(self, context: Context) -> Outcome | None:
        """One look; None while the application may go on.

        Raises:
            ApplicationError: it cannot be watched.
        """
        hook = SparkMonitorHook(self.plan.conn_id or None)
        with _Port(self, context, hook) as port:
            if self._watching is None:
                memory, index = recalled(port.recall()), context["ti"].map_index
                index = -1 if index is None else index  # as Airflow has it for a task that is not mapped
                self._watching = Watching(self.plan, self.began, index, self.patient, memory=memory)
            return run(self._watching.look(hook.target), port)


class _Port(ExitStack):
    """The surroundings of one look."""

    def __init__(self, poking: Poking, context: Context, hook: SparkMonitorHook) -> None:
        super().__init__()
        self._poking, self._hook, self._ti = poking, hook, context["ti"]
        # What a later poke of the same try can read: XComs are gone by then. Airflow has it from 3.3 on.
        self._store = context.get("task_state_store") if poking.patient else None
        self._source: RemoteSource | None = None

    def pull(self, map_index: int) -> Any:
        # Without an index Airflow gives a list where the task is mapped.
        task_id = self._poking.plan.task_id
        return self._ti.xcom_pull(task_ids=task_id, key=APPLICATION_KEY, map_indexes=map_index)

    def find(self, target: Target) -> Snapshot:
        hook = self._hook
        return find(target, hook.access_for, since=self._poking.began, timeout=hook.timeout)

    def look(self, target: Target) -> Snapshot:
        if self._source is None:
            hook, whole = self._hook, self._poking.plan.windows is not None
            asked = AsyncRemoteSource(
                target, hook.access_for, whole=whole, timeout=hook.timeout, max_body=MAX_BODY
            )
            self._source = self.enter_context(closing(RemoteSource(asked)))
        return self._source.look()

    def recall(self) -> object:
        kept = self._store.get(MEMORY_KEY, None) if self._store is not None else None
        ours = isinstance(kept, dict) and kept.pop("attempt", None) == str(self._ti.id)
        return kept if ours else None

    def remember(self, memory: dict[str, Any]) -> None:
        if self._store is not None:
            self._store.set(MEMORY_KEY, {**memory, "attempt": str(self._ti.id)})

    def warn(self, text: str) -> None:
        self._poking.log.warning("%s", text)

    def publish(self, summary: dict[str, Any]) -> str:
        try:
            self._ti.xcom_push(key=VERDICT_KEY, value=summary)
        except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, nothing fails by it
            return type(problem).__name__
        return ""

    def pause(self, _: float) -> None:
        time.sleep(_TICK)
