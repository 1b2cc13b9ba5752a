"""XCom from a trigger."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async


async def xcom(method: str, **arguments: Any) -> Any:
    """XCom's own methods wait for the supervisor: not in the event loop's thread.

    Args:
        method: ``get_one`` or ``set``.
        **arguments: of that method.
    """
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415 - reads Airflow's configuration

    return await sync_to_async(partial(getattr(XCom, method), **arguments))()
