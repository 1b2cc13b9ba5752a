"""Figures with their units, as alerts show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.quantity import counted, readable_duration, readable_size

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["core_time", "count", "counted", "counts", "readable_duration", "share", "size", "times"]

size: Final = readable_size
_HUNDRED: Final = 100
_MINUTE: Final = 60
_HOUR: Final = 3600


def _short(value: float) -> str:
    """Three digits, and no exponent."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= _HUNDRED else f"{rounded:g}"


def times(value: float) -> str:
    """``2.5`` -> ``"2.5x"``."""
    return f"{_short(value)}x"


def share(value: float) -> str:
    """``0.62`` -> ``"62%"``."""
    return f"{_short(value * _HUNDRED)}%"


def count(value: float) -> str:
    """``12000`` -> ``"12,000"``."""
    return f"{value:,.0f}"


def counts(word: str) -> Callable[[float], str]:
    """:func:`counted` with this word."""
    return lambda number: counted(number, word)


def core_time(seconds: float) -> str:
    """``7200`` -> ``"2 core-hours"``; below an hour in core-minutes, below a minute in core-seconds."""
    for unit, length in (("core-hours", _HOUR), ("core-minutes", _MINUTE)):
        if seconds >= length:
            return f"{_short(seconds / length)} {unit}"
    return f"{_short(seconds)} core-seconds"
