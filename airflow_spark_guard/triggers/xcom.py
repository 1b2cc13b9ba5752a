"""XCom from a trigger."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async

from airflow_spark_guard.core.failure.verdict_summary import VERDICT_KEY


async def xcom(method: str, **arguments: Any) -> Any:
    """XCom's own methods wait for the supervisor: not in the event loop's thread.

    Args:
        method: ``get_one`` or ``set``.
        **arguments: of that method.
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415 - reads Airflow's configuration

    return await sync_to_async(partial(getattr(XCom, method), **arguments))()


async def publish(summary: dict[str, Any], task: dict[str, Any]) -> str:
    """Set the XCom ``spark_guard_verdict`` of this task; why that failed, empty if it did not."""
    try:
        await xcom("set", key=VERDICT_KEY, value=summary, **task)
    except Exception as problem:  # noqa: BLE001 - whatever an XCom back end raises, the watch continues
        return type(problem).__name__
    return ""
