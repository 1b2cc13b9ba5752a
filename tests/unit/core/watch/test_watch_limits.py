"""Plain numbers from the limits."""

from __future__ import annotations

import copy
from dataclasses import replace

from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.watch.watch_limits import Limit, WatchLimits
from tests.support.limits import watch_limits


def test_windows_come_from_the_limits():
    """Defaults give way to shorter limits; the pace of the executors sets a floor."""
    limits = WatchLimits.of(GuardLimits(stall_timeout="20s"), deadline=60.0, heartbeat=2.0, local=True)
    assert (limits.stall, limits.evidence, limits.poll, limits.local) == (
        20,
        10,
        5,
        True,
    )
    assert limits.stall_of(None) == (20, "stall_timeout")
    assert limits.stall_of(10.0) == (50, "5 x the median of the stage's finished tasks")
    assert replace(limits, heartbeat=10.0).stall_of(None) == (
        30,
        "3 x spark.executor.heartbeatInterval",
    )
    assert WatchLimits.of(GuardLimits(on_finding="warn"), deadline=3600.0) == watch_limits(observe=True)
    assert WatchLimits.of(GuardLimits(), deadline=3600.0).losses is None
    assert WatchLimits.of(GuardLimits(executor_losses="0"), deadline=3600.0).losses == 0


def test_a_node_is_given_the_time_of_a_start():
    """Only while executors_gone is the default: it is distinguished from the same text of the user."""
    of = lambda **limits: WatchLimits.of(GuardLimits(**limits), deadline=None).gone_with_node()  # noqa: E731
    assert of() == (300, "GuardLimits.start_timeout, since its node went away")
    assert of(start_timeout="30s") == (60, "GuardLimits.executors_gone")
    assert of(executors_gone="60s") == (60, "GuardLimits.executors_gone")


def test_a_stall_timeout_that_was_set_is_told_from_the_same_default():
    """Only a default may give way to what the stage's tasks took."""
    assert not WatchLimits.of(GuardLimits(), deadline=None).stall_chosen
    assert WatchLimits.of(GuardLimits(stall_timeout="10m"), deadline=None).stall_chosen
    copied = copy.deepcopy(GuardLimits())
    assert not WatchLimits.of(copied, deadline=None).stall_chosen


def test_a_limit_says_where_it_comes_from():
    """Number and reason side by side, as the log shows them."""
    limit = Limit(40.0, "driver_silence").times(3.0, "the driver computes")
    assert limit.seconds == 120
    assert str(limit) == "2m (3 x driver_silence, because the driver computes)"
