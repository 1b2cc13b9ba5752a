"""The trigger behind the sensors: watches an application without holding a worker slot."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.clock import EpochTime, monotonic_now
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.event import event_of
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.submitting_task import APPLICATION_KEY
from airflow_spark_guard.core.remote.watching import MEMORY_KEY, Watching, recalled, run_async
from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
from airflow_spark_guard.sources.find_application import find_application
from airflow_spark_guard.sources.poller import Following
from airflow_spark_guard.sources.remote import AsyncRemoteSource
from airflow_spark_guard.triggers.deferral_guard import until_settled
from airflow_spark_guard.triggers.xcom import publish, xcom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.snapshot import Snapshot

# A triggerer may have been down past the deadline: what happened until then is still reported.
_LAST_LOOK = 20.0


class SparkApplicationTrigger(BaseTrigger):
    """Watches one application until it ends, a limit passes, or the sensor's timeout is over.

    Args:
        plan: what to watch, and by which limits (``core/remote/plan.py``), as JSON.
        began: when the watch began, seconds since the epoch.
        deadline: when the sensor's timeout is over, seconds since the epoch; independent of triggerer starts.
        poll_interval: seconds between two looks, which all triggers of one application share.
        task: ``dag_id``, ``run_id``, ``task_id``, ``map_index`` of the sensor, whose XCom keeps the state
            that has to outlive a triggerer.

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

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments."""
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
        memory = recalled(await xcom("get_one", key=MEMORY_KEY, **self.task_key))
        try:
            plan = Plan.from_json(self.plan)
        except SparkGuardError as error:
            return Outcome.of(error, memory)
        watching = Watching(plan, self.began, self.task_key["map_index"], memory=memory)
        async with AsyncExitStack() as opened:
            try:
                async with asyncio.timeout(max(self.deadline - time.time(), _LAST_LOOK)) as limit:
                    hook = await SparkMonitorHook.load(plan.conn_id)
                    return await run_async(watching.follow(hook.target), _Port(self, plan, hook, opened))
            except TimeoutError:
                if not limit.expired():  # of another origin, such as an XCom back end
                    raise
                return Outcome.of(None, watching.memory)
            except SparkGuardError as error:
                return Outcome.of(error, watching.memory)


class _Port:
    """The surroundings of a watch in a triggerer."""

    def __init__(
        self, trigger: SparkApplicationTrigger, plan: Plan, hook: SparkMonitorHook, opened: AsyncExitStack
    ) -> None:
        self._trigger, self._plan, self._hook, self._opened = trigger, plan, hook, opened
        self._looks: Following[Snapshot] | None = None

    async def pull(self, map_index: int) -> Any:
        key = {**self._trigger.task_key, "task_id": self._plan.task_id, "map_index": map_index}
        return await xcom("get_one", key=APPLICATION_KEY, **key)

    async def find(self, target: Target) -> Snapshot:
        hook = self._hook
        return await find_application(
            target, hook.access_for, since=self._trigger.began, timeout=hook.timeout
        )

    async def look(self, target: Target) -> Snapshot:
        if self._looks is None:
            whole, hook = self._plan.windows is not None, self._hook
            source = partial(AsyncRemoteSource, target, hook.access_for, whole=whole, timeout=hook.timeout)
            key = (target, self._plan.conn_id, whole)
            following = Following(key, self._trigger.poll_interval, source)
            self._looks = await self._opened.enter_async_context(following)
        return await self._looks.next()

    async def remember(self, memory: dict[str, Any]) -> None:
        await xcom("set", key=MEMORY_KEY, value=memory, **self._trigger.task_key)

    async def warn(self, text: str) -> None:
        MarkedLog(self._trigger.log).warning("%s", text)

    async def publish(self, summary: dict[str, Any]) -> str:
        return await publish(summary, self._trigger.task_key)

    async def pause(self, most: float) -> None:
        if self._looks is None:  # else the next look is waited for anyway
            await asyncio.sleep(min(self._trigger.poll_interval, most))
