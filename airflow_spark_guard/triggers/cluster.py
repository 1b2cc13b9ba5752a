"""The trigger behind cluster mode: watches an application without holding a worker slot."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_spark_guard.attempt.cluster_connection import cluster_secrets
from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.clock import epoch_now, monotonic_now
from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import ClusterWatch
from airflow_spark_guard.core.cluster.managers import manager_from_json
from airflow_spark_guard.core.cluster.trigger_event import event_of
from airflow_spark_guard.core.failure.exceptions import error_of_finding
from airflow_spark_guard.core.failure.observed_text import ObservedFindings
from airflow_spark_guard.core.failure.retry import advise
from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.cluster import AsyncClusterSource
from airflow_spark_guard.sources.cluster_access import cluster_access
from airflow_spark_guard.triggers.deferral_guard import until_settled
from airflow_spark_guard.triggers.xcom import publish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spark_guard.core.cluster.cluster_watch import Step
    from airflow_spark_guard.core.watch.finding import Finding

# Airflow gives a trigger's on_kill 30 s.
_KILL_PATIENCE = 20.0


class ClusterApplicationTrigger(BaseTrigger):
    """Watches one application until it ends or a limit passes.

    Its arguments contain everything that it needs, with absolute times, so a triggerer that is killed and
    restarted continues where it was. They contain no credentials.

    Args:
        conn_id: the Airflow connection with the credentials.
        place: the cluster manager to ask (``core/cluster/manager.py``), as JSON.
        job: the application to watch, and its limits (``core/cluster/cluster_job.py``), as JSON.
        pause: seconds between two looks.
        task: ``dag_id``, ``run_id``, ``task_id``, ``map_index`` of the task whose XCom receives the findings
            of observe mode; None if only the resumed task pushes them.

    Yields:
        One event (``core/cluster/trigger_event.py``).
    """

    def __init__(
        self,
        conn_id: str,
        place: dict[str, Any],
        job: dict[str, Any],
        pause: float,
        task: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id, self.place, self.job, self.pause = conn_id, place, job, pause
        self.task_key = task
        self._observed = ObservedFindings()
        self._source: AsyncClusterSource | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments."""
        arguments = {
            "conn_id": self.conn_id,
            "place": self.place,
            "job": self.job,
            "pause": self.pause,
            "task": self.task_key,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch to the end."""
        began = monotonic_now()
        job = ClusterJob.from_json(self.job)
        place = manager_from_json(self.place)
        watch = ClusterWatch(job.limits, place.title)
        observed: list[Finding] = []
        try:
            # Poll: the managers offer no notification.
            while not (step := await self._look(watch, job)).over:
                observed += step.observed
                await asyncio.sleep(job.limits.pause(epoch_now(), self.pause))
        finally:
            await self.cleanup()
        await until_settled(began)
        yield TriggerEvent(event_of(step, job, place, tuple(observed)))  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Kill the application, since the task was killed. Airflow 3.3 and newer call this."""
        application = ClusterJob.from_json(self.job).application_id
        try:
            reason = await (await self._manager()).end(application, _KILL_PATIENCE)
        except Exception as error:  # noqa: BLE001 - a connection back end may raise anything
            reason = f"{type(error).__name__}: {error}"
        if reason:
            text = "Could not confirm termination of: %s (%s)"
            MarkedLog(self.log).warning(text, application, safe_text(reason))

    async def cleanup(self) -> None:
        """Close the connections."""
        source, self._source = self._source, None
        if source is not None:
            await source.aclose()

    async def _look(self, watch: ClusterWatch, job: ClusterJob) -> Step:
        try:
            source = await self._manager()
            step = watch.see(await source.status(job.application_id), epoch_now())
        except UnusableAnswerError as error:
            step = watch.blind(str(error), epoch_now())
        except Exception as error:  # noqa: BLE001 - the connection cannot be read now; the deadline applies
            reason = safe_text(f"the Airflow connection cannot be used: {type(error).__name__}: {error}")
            step = watch.blind(reason[:300], epoch_now())
        for notice in step.notices:
            MarkedLog(self.log).info("%s", notice)
        for finding in step.observed:
            await self._report_observed(finding)
        return step

    async def _report_observed(self, finding: Finding) -> None:
        log, error = MarkedLog(self.log), error_of_finding(finding)
        text, summary = self._observed.take(error, advise(error, 1))
        log.warning("%s", text)
        if self.task_key is not None and (problem := await publish(summary, self.task_key)):
            log.warning("The XCom %s could not be pushed: %s", VERDICT_KEY, problem)

    async def _manager(self) -> AsyncClusterSource:
        if self._source is None:
            secrets = cluster_secrets(await _connection(self.conn_id))
            place = manager_from_json(self.place)
            self._source = AsyncClusterSource(place, partial(cluster_access, place, secrets))
        return self._source


async def _connection(conn_id: str) -> Any:
    """The Airflow connection; read in a thread if this Airflow has no async call for it."""
    if hasattr(BaseHook, "aget_connection"):
        return await BaseHook.aget_connection(conn_id)
    return await sync_to_async(BaseHook.get_connection)(conn_id)
