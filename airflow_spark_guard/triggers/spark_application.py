"""The trigger behind the sensors: watches an application without holding a worker slot."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.clock import EpochTime, epoch_now, monotonic_now
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.event import event_of
from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.remote.observed_findings import ObservedFindings
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.remote.submitter import (
    APPLICATION_KEY,
    nothing_told,
    state_told_by,
    target_told_by,
)
from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
from airflow_spark_guard.sources.find_application import find_application
from airflow_spark_guard.sources.poller import Following
from airflow_spark_guard.sources.remote import AsyncRemoteSource
from airflow_spark_guard.triggers.handing_back import until_settled
from airflow_spark_guard.triggers.xcom import xcom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spark_guard.core.remote.course import EndedWell
    from airflow_spark_guard.core.remote.remote_watch import RemoteWatch
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.web.snapshot import Sight

MEMORY_KEY = "spark_guard_watch"
# A triggerer may have been down over the deadline: what has happened until then is still told.
_LAST_LOOK = 20.0


class SparkApplicationTrigger(BaseTrigger):
    """Watches one application until it ends, loses too much, or the sensor's time is over.

    Args:
        plan: what is watched, and by which limits (``core/remote/plan.py``), as JSON.
        began: when the watch began, seconds since the epoch.
        deadline: when the sensor's time is over, the same; it does not start anew with a triggerer.
        poll_interval: seconds between two looks, which all triggers of the same application share.
        task: ``dag_id``, ``run_id``, ``task_id``, ``map_index`` of the sensor: its XCom keeps what has to
            outlive a triggerer.

    Yields:
        One event: the JSON of an :class:`~airflow_spark_guard.core.remote.outcome.Outcome`.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        began: EpochTime,
        deadline: EpochTime,
        poll_interval: float,
        task: dict[str, Any],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.plan = plan
        self.began = began
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.task_key = task
        self._remembered = Memory()
        self._observed = ObservedFindings()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """As Airflow stores it."""
        arguments = {
            "plan": self.plan,
            "began": self.began,
            "deadline": self.deadline,
            "poll_interval": self.poll_interval,
            "task": self.task_key,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch to the end."""
        began = monotonic_now()
        outcome = await self._outcome()
        await until_settled(began)
        yield TriggerEvent(event_of(outcome))  # type: ignore[no-untyped-call]

    async def _outcome(self) -> Outcome:
        self._remembered = await self._recall()
        patience = max(self.deadline - time.time(), _LAST_LOOK)
        try:
            async with asyncio.timeout(patience) as limit:
                return await self._watch(Plan.from_json(self.plan))
        except TimeoutError:
            if not limit.expired():  # somebody else's, such as of an XCom back end
                raise
            return Outcome.of(None, self._remembered)
        except SparkGuardError as error:
            return Outcome.of(error, self._remembered)

    async def _watch(self, plan: Plan) -> Outcome:
        hook = await SparkMonitorHook.load(plan.conn_id)
        target = hook.target(await self._target(plan)).check()
        if self._remembered.application_id:
            target = replace(target, application_id=self._remembered.application_id)
        watch = plan.watch(
            self.began, history_server=bool(target.history_server), alone=target.has_history_alone
        )
        watch.recall(self._remembered)
        target, told = await self._named(target, hook, watch, plan)
        if told is None:
            told = await self._follow(target, hook, watch, plan)
        return Outcome.of(told, watch.memory, target)

    async def _named(
        self, target: Target, hook: SparkMonitorHook, watch: RemoteWatch, plan: Plan
    ) -> tuple[Target, EndedWell | Finding | None]:
        """The target with its id; what the watch says when nobody knows the name for too long."""
        while not target.application_id:
            sight = await find_application(target, hook.access_for, since=self.began, timeout=hook.timeout)
            if sight.application_id:
                return replace(target, application_id=sight.application_id), None
            told = await self._judge(sight, watch, plan)
            if told is not None:
                return target, told
            await asyncio.sleep(self.poll_interval)
        return target, None

    async def _follow(
        self, target: Target, hook: SparkMonitorHook, watch: RemoteWatch, plan: Plan
    ) -> EndedWell | Finding:
        whole = plan.windows is not None
        source = partial(AsyncRemoteSource, target, hook.access_for, whole=whole, timeout=hook.timeout)
        async with Following((target, plan.conn_id, whole), self.poll_interval, source) as looks:
            while True:
                told = await self._judge(await looks.next(), watch, plan)
                if told is not None:
                    return told

    async def _judge(self, sight: Sight, watch: RemoteWatch, plan: Plan) -> EndedWell | Finding | None:
        if sight.driver is None and plan.task_id:
            told = state_told_by(await self._told(plan), sight.application_id)
            sight = replace(sight, task=told)
        found = watch.observe(sight, epoch_now())
        for notice in watch.take_notices():
            MarkedLog(self.log).warning("%s", notice)
        await self._say_observed(watch)
        await self._remember(watch.memory)
        return found

    async def _say_observed(self, watch: RemoteWatch) -> None:
        lines, summary = self._observed.take(watch)
        for line in lines:
            MarkedLog(self.log).warning("%s", line)
        if summary is None:
            return
        try:
            await xcom("set", key=VERDICT_KEY, value=summary, **self.task_key)
        except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, nothing fails by it
            text = f"The XCom {VERDICT_KEY} could not be pushed: {type(problem).__name__}"
            MarkedLog(self.log).warning("%s", text)

    async def _target(self, plan: Plan) -> Target:
        """Which application; where another task submits it, as soon as that has told.

        Raises:
            ApplicationError: it has told nothing for too long, or something else.
        """
        while plan.task_id:
            told = await self._told(plan)
            if told is not None:
                return target_told_by(told, plan.target)
            if time.time() - self.began >= plan.patience.start:
                raise nothing_told(plan.task_id, readable_duration(plan.patience.start))
            await asyncio.sleep(min(self.poll_interval, 5.0))
        return plan.target

    async def _told(self, plan: Plan) -> Any:
        for index in plan.map_indexes(self.task_key["map_index"]):
            key = {**self.task_key, "task_id": plan.task_id, "map_index": index}
            told = await xcom("get_one", key=APPLICATION_KEY, **key)
            if told is not None:
                return told
        return None

    async def _recall(self) -> Memory:
        """What a triggerer before this one has seen; an XCom of another shape is none of ours."""
        told = await xcom("get_one", key=MEMORY_KEY, **self.task_key)
        try:
            return Memory() if told is None else Memory.from_json(told)
        except ValueError:
            return Memory()

    async def _remember(self, memory: Memory) -> None:
        if memory != self._remembered:
            # On change alone: each is a write to Airflow's database.
            await xcom("set", key=MEMORY_KEY, value=memory.to_json(), **self.task_key)
            self._remembered = memory
