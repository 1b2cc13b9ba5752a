"""When a trigger may return its task to a worker."""

from __future__ import annotations

import asyncio
import time

from airflow_spark_guard.core.clock import MonotonicTime

# Airflow's supervisor reports that a task has deferred itself up to [workers] min_heartbeat_interval (5 s)
# later. If the task runs again by then, the scheduler takes the report for the end of that run, and fails the
# task or starts it a second time (seen with 3.3.2: the task instance "finished with state success, but the
# task instance's state attribute is running").
SETTLED = 10.0  # seconds


async def until_settled(began: MonotonicTime) -> None:
    """Wait until the deferral is old enough.

    Args:
        began: when the trigger began to run.
    """
    await asyncio.sleep(began + SETTLED - time.monotonic())
