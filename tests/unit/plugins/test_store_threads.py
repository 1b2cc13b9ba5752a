"""The event loop never waits for the store."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from airflow_spark_guard.plugins import store_threads as module
from airflow_spark_guard.plugins.store_threads import StoreSlowError, StoreThreads


def test_results_and_errors_come_back():
    """From a thread."""
    threads = StoreThreads()
    assert asyncio.run(threads.run(lambda: threading.current_thread().name)).startswith("spark-guard-store")
    with pytest.raises(ZeroDivisionError):
        asyncio.run(threads.run(lambda: 1 / 0))


def test_a_store_that_hangs_costs_its_patience_and_no_more():
    """And the next call, while all threads hang, the same."""
    go = threading.Event()
    threads = StoreThreads(patience=0.1)

    async def many():
        calls = [threads.run(go.wait) for _ in range(8)]
        return await asyncio.gather(*calls, return_exceptions=True)

    begin = time.monotonic()
    found = asyncio.run(many())
    assert all(isinstance(one, StoreSlowError) for one in found)
    assert "limit: 0.1 s" in str(found[0])
    assert time.monotonic() - begin < 5
    go.set()


def test_calls_beyond_the_limit_are_refused_at_once(monkeypatch):
    """They would only wait."""
    monkeypatch.setattr(module, "_MOST_WAITING", 2)
    go = threading.Event()
    threads = StoreThreads(patience=0.2)

    async def many():
        return await asyncio.gather(*[threads.run(go.wait) for _ in range(3)], return_exceptions=True)

    assert any("readers wait" in str(one) for one in asyncio.run(many()))
    go.set()
    limit = time.monotonic() + 5
    while threads._waiting and time.monotonic() < limit:
        time.sleep(0.01)
    assert threads._waiting == 0
