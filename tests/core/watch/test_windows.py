"""Plain numbers from the limits."""

from __future__ import annotations

from dataclasses import replace

from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.watch.windows import Windows


def test_windows_come_from_the_limits():
    """Defaults give way to shorter limits; the pace of the executors sets a floor."""
    windows = Windows.of(GuardLimits(stall_timeout="20s"), deadline=60.0, heartbeat=2.0, local=True)
    assert (windows.stall, windows.evidence, windows.poll, windows.local) == (20, 10, 5, True)
    assert windows.stall_of(None) == 20
    assert windows.stall_of(10.0) == 50
    assert replace(windows, heartbeat=10.0).stall_of(None) == 30
    assert Windows.of(GuardLimits(), deadline=3600.0) == Windows()
    assert Windows().losses is None
    assert Windows.of(GuardLimits(executor_losses="0"), deadline=3600.0).losses == 0
