"""Triggers that do nothing: what Airflow itself costs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk.execution_time.xcom import XCom
from airflow.triggers.base import BaseTrigger
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow.triggers.base import TriggerEvent


class IdleTrigger(BaseTrigger):
    """Sleeps, woken as often as a sensor is.

    Args:
        interval: seconds.
        task: whose XCom is read and written once, at the start; None for none.
    """

    def __init__(self, interval: float, task: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.interval = interval
        self.task_key = task

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """As Airflow stores it."""
        arguments = {"interval": self.interval, "task": self.task_key}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """For ever."""
        if self.task_key is not None:
            await sync_to_async(XCom.get_one)(key="bench", **self.task_key)
            await sync_to_async(XCom.set)(key="bench", value={}, **self.task_key)
        while True:  # noqa: ASYNC110 - to be woken is the point
            await asyncio.sleep(self.interval)
        yield  # an async generator, as Airflow wants it
