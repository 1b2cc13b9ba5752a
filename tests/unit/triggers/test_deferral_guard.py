import asyncio

import pytest

from airflow_spark_guard.triggers import deferral_guard
from airflow_spark_guard.triggers.deferral_guard import SETTLED, until_settled


@pytest.mark.parametrize(("age", "waits"), [(0.0, SETTLED), (SETTLED - 3.0, 3.0)])
def test_an_event_waits_until_the_deferral_is_old_enough(monkeypatch, age, waits):
    """Airflow's scheduler would take a task that is back at once for one that was ended from outside."""
    assert waited(monkeypatch, age) == pytest.approx(waits)


def test_an_event_after_that_time_comes_at_once(monkeypatch):
    """Nothing is added to what is found later."""
    assert waited(monkeypatch, SETTLED + 5.0) <= 0


def waited(monkeypatch, age):
    """The seconds asked of asyncio by a trigger of this age; it returns at once for none or fewer."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(deferral_guard, "SETTLED", SETTLED)  # the others wait less
    monkeypatch.setattr(deferral_guard.asyncio, "sleep", sleep)
    monkeypatch.setattr(deferral_guard.time, "monotonic", lambda: 1000.0)
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(loop, "time", lambda: 1000.0)
    try:
        loop.run_until_complete(until_settled(1000.0 - age))
    finally:
        loop.close()
    (seconds,) = slept
    return seconds
