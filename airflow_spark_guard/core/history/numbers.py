"""Numbers of untrusted JSON, as a report may use them."""

from __future__ import annotations

from typing import Final

from airflow_spark_guard.core.clock import EpochTime

_HUGE: Final = 1e15
_END_OF_TIME: Final = 253_402_300_799  # the last second of the year 9999


def number_of(value: object) -> float | None:
    """A number that can be calculated with; None for anything else, and for one of 1e15 or more."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < _HUGE else None  # type: ignore[arg-type]


def moment_of(value: object) -> EpochTime | None:
    """A time that a calendar has; None for anything else, and for 0, which stands for unknown."""
    seconds = number_of(value)
    return EpochTime(seconds) if seconds is not None and 0 < seconds <= _END_OF_TIME else None
