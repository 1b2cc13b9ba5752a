"""XCom from a trigger."""

from __future__ import annotations

import asyncio

import pytest

from airflow_spark_guard.triggers.xcom import publish, xcom
from tests.support.xcoms import Xcoms

KEY = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}


def test_what_is_set_is_there(monkeypatch):
    """By Airflow's own methods, off the event loop."""
    Xcoms(monkeypatch)

    async def run():
        await xcom("set", key="k", value={"a": 1}, **KEY)
        return await xcom("get_one", key="k", **KEY)

    assert asyncio.run(run()) == {"a": 1}


def test_a_verdict_that_cannot_be_set_has_a_reason(monkeypatch):
    """It is no error: the watch goes on."""
    xcoms = Xcoms(monkeypatch)
    assert asyncio.run(publish({"verdict": "STALLED"}, KEY)) == ""
    assert asyncio.run(xcom("get_one", key="spark_guard_verdict", **KEY)) == {"verdict": "STALLED"}
    xcoms.refuse = OSError("full")
    assert asyncio.run(publish({}, KEY)) == "OSError"


def test_a_method_that_is_none_is_an_error():
    with pytest.raises(AttributeError):
        asyncio.run(xcom("nonsense"))
