import asyncio
import time

from airflow_spark_guard.triggers import handing_back
from airflow_spark_guard.triggers.handing_back import until_settled


def waited(began):
    start = time.monotonic()
    asyncio.run(until_settled(began))
    return time.monotonic() - start


def test_an_event_waits_until_the_deferral_is_old_enough(monkeypatch):
    """Airflow's scheduler would take a task that is back at once for one that was ended from outside."""
    monkeypatch.setattr(handing_back, "SETTLED", 0.4)
    assert 0.15 <= waited(time.monotonic() - 0.2) < 0.39


def test_an_event_after_that_time_comes_at_once(monkeypatch):
    """Nothing is added to what is found later."""
    monkeypatch.setattr(handing_back, "SETTLED", 0.4)
    assert waited(time.monotonic() - 0.5) < 0.1
