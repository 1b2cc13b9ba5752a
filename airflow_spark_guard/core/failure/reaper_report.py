"""What a reaper says at the end of an attempt; any process of the same user can write in its name."""

from __future__ import annotations

from typing import Any, Final

from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line

REASONS: Final = frozenset({"ended", "parent", "signal", "guardian", "deadline"})
_LARGEST_STATUS = 1 << 16
_LONGEST_NAME = 200
_MOST_NAMES = 200


def read_report(text: bytes) -> dict[str, Any] | None:
    """The report: ``reason``, ``exit``, ``found``, ``left``; None for what no reaper writes.

    Args:
        text: as it came; empty where the reaper was killed.
    """
    try:
        told = strict_json(text)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("reason"), str) or told["reason"] not in REASONS:
        return None
    status, found, left = told.get("exit"), _names(told.get("found")), _names(told.get("left"))
    if status is not None and not (type(status) is int and abs(status) < _LARGEST_STATUS):
        return None
    if found is None or left is None:
        return None
    return {"reason": told["reason"], "exit": status, "found": found, "left": left}


def _names(names: object) -> list[str] | None:
    """The names of processes, safe to show; None where they are none."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return [one_line(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
