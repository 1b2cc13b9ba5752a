"""What a reaper reports at the end of an attempt; any process of the same user can forge a report."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, TypedDict, get_args

from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line

Reason: TypeAlias = Literal["ended", "parent", "signal", "guardian", "deadline"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_LARGEST_STATUS = 1 << 16
_LONGEST_NAME = 200
_MOST_NAMES = 200


class ReaperReport(TypedDict):
    """A report.

    Attributes:
        reason: what ended the attempt: the command itself, or the death of the task (``parent``) or of a
            process above it, a signal, or the deadline.
        exit: the exit status of the command; None if it was not collected.
        found: the processes that were still running at its end.
        left: those that could not be ended.
    """

    reason: Reason
    exit: int | None
    found: list[str]
    left: list[str]


def read_report(text: bytes) -> ReaperReport | None:
    """The report; None for a text that no reaper writes.

    Args:
        text: untrusted; empty if the reaper was killed.
    """
    try:
        sent = strict_json(text)
    except ValueError:
        return None
    if not isinstance(sent, dict):
        return None
    reason = next((known for known in REASONS if known == sent.get("reason")), None)
    if reason is None:
        return None
    status, found, left = sent.get("exit"), _names(sent.get("found")), _names(sent.get("left"))
    if status is not None and not (type(status) is int and abs(status) < _LARGEST_STATUS):
        return None
    if found is None or left is None:
        return None
    return {"reason": reason, "exit": status, "found": found, "left": left}


def _names(names: object) -> list[str] | None:
    """The names of processes, safe to show; None if the value is not a list of names."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return [one_line(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
