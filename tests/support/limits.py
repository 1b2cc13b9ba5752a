"""Limits of the watch for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.watch.watch_limits import WatchLimits


def watch_limits(**fields: Any) -> WatchLimits:
    """The guard's defaults with a deadline of an hour, but for these fields."""
    return replace(WatchLimits.of(GuardLimits(), deadline=3600.0), **fields)
