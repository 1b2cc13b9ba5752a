"""What a reaper reports at the end of an attempt; any process of the same user can forge a report."""

from __future__ import annotations

from typing import Any, Final

from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line

REASONS: Final = frozenset({"ended", "parent", "signal", "guardian", "deadline"})
_LARGEST_STATUS = 1 << 16
_LONGEST_NAME = 200
_MOST_NAMES = 200


def read_report(text: bytes) -> dict[str, Any] | None:
    """The report: ``reason``, ``exit``, ``found``, ``left``; None for a text that no reaper writes.

    Args:
        text: untrusted; empty if the reaper was killed.
    """
    try:
        sent = strict_json(text)
    except ValueError:
        return None
    if not isinstance(sent, dict) or not isinstance(sent.get("reason"), str) or sent["reason"] not in REASONS:
        return None
    status, found, left = sent.get("exit"), _names(sent.get("found")), _names(sent.get("left"))
    if status is not None and not (type(status) is int and abs(status) < _LARGEST_STATUS):
        return None
    if found is None or left is None:
        return None
    return {"reason": sent["reason"], "exit": status, "found": found, "left": left}


def _names(names: object) -> list[str] | None:
    """The names of processes, safe to show; None if the value is not a list of names."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return [one_line(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
