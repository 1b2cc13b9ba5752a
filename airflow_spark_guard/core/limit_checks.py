"""Checks of limits: types, ranges, and which of two limits must be smaller."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.quantity import seconds, size_in_bytes, whole_number
from airflow_spark_guard.core.template import is_template

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

END, WARN = "end", "warn"


def check_names(given: Collection[object], known: Collection[str]) -> None:
    """Refuse an unknown name of a limit.

    Raises:
        LimitError: suggests the closest known name.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise LimitError(
                "GuardLimits has no such limit.",
                got=repr(name)[:100],
                expected=f"one of {', '.join(known)}",
                advice=f"Did you mean {near[0]!r}?" if near else "Use one of them, or leave it out.",
            )


# Smaller before larger. Checked only if both were set: defaults adapt to each other.
_ORDER = (
    ("evidence_window", "stall_timeout"),
    ("evidence_window", "driver_silence"),
    ("poll_interval", "stall_timeout"),
    ("stall_timeout", "deadline"),
    ("start_timeout", "deadline"),
    ("driver_silence", "deadline"),
    ("executors_gone", "deadline"),
    ("kill_grace", "deadline"),
)


def check_order(given: Mapping[str, object]) -> None:
    """Refuse two limits that contradict each other.

    Args:
        given: the limits that were set, by name; templates are skipped.

    Raises:
        LimitError: the smaller one could never be reached first.
    """
    chosen = {name: value for name, value in given.items() if not is_template(value)}
    for small, large in _ORDER:
        if small not in chosen or large not in chosen:
            continue
        if any(hasattr(chosen[name], "resolve") for name in (small, large)):
            continue
        if seconds(chosen[small]) >= seconds(chosen[large]):
            raise LimitError(
                f"GuardLimits.{small} and GuardLimits.{large} contradict each other.",
                got=f"{small}={chosen[small]!r}, {large}={chosen[large]!r}",
                expected=f"{small} < {large}: otherwise {small} could never be reached first",
                advice=f"Lower {small}, or raise {large}.",
            )


# Largest values: kill_grace by Airflow's 5 s for a killed task, result_size by one line of the channel.
_LARGEST = {"kill_grace": 4.0, "result_size": 512 * 1024, "autopsy_budget": 60.0}
_SMALLEST = {"executor_losses": 0, "record_size": 1 << 20}
_DURATION = 'a duration above 0, such as 90, "90s" or "10m"'
_MAY_BE_UNSET = ("deadline", "driver_silence", "executor_losses")
_CHECKS: Mapping[str, tuple[Callable[[object], float], str]] = {
    "deadline": (seconds, 'a duration above 0, such as 3600, "90m" or "2h"'),
    "start_timeout": (seconds, _DURATION),
    "stall_timeout": (seconds, _DURATION),
    "driver_silence": (seconds, _DURATION),
    "executor_losses": (whole_number, "a whole number, 0 or above"),
    "executor_window": (seconds, _DURATION),
    "executors_gone": (seconds, _DURATION),
    "end_timeout": (seconds, _DURATION),
    "evidence_window": (seconds, _DURATION),
    "poll_interval": (seconds, _DURATION),
    "autopsy_budget": (seconds, 'a duration above 0 and up to 60 s, such as 10 or "15s"'),
    "exit_timeout": (seconds, 'a duration above 0, such as 60 or "2m"'),
    "kill_grace": (seconds, 'a duration above 0 and up to 4 s, such as 3 or "2s"'),
    "result_size": (size_in_bytes, 'a size above 0 and up to 512k, such as 65536 or "64k"'),
    "log_lines": (whole_number, "a whole number above 0"),
    "record_size": (size_in_bytes, 'a size of 1m or more, such as "256m"'),
}


def check_on_finding(place: str, value: object) -> None:
    """Refuse a value that is not valid for :attr:`GuardLimits.on_finding`.

    Args:
        place: name of the setting, for the message.
        value: its value.

    Raises:
        LimitError: neither ``"end"`` nor ``"warn"``.
    """
    if value not in (END, WARN):
        raise LimitError(
            f"{place} is not valid.",
            got=repr(value)[:200],
            expected=f'"{END}" or "{WARN}"',
            advice=f'"{END}" ends a job that exceeds a limit, "{WARN}" logs a warning and lets it run on.',
        )


def check_limit(name: str, value: object) -> None:
    """Refuse an invalid value of a limit.

    Raises:
        LimitError: it has the wrong type or is out of range.
    """
    if name == "on_finding":
        check_on_finding("GuardLimits.on_finding", value)
        return
    if value is None and name in _MAY_BE_UNSET:
        return
    parse, expected = _CHECKS[name]
    try:
        number = parse(value)
    except ValueError:
        number = -1
    # Infinity would not be a limit; NaN fails every comparison.
    smallest = _SMALLEST.get(name)
    enough = number > 0 if smallest is None else number >= smallest
    if not (enough and number < math.inf) or number > _LARGEST.get(name, math.inf):
        raise LimitError(
            f"GuardLimits.{name} is not valid.",
            got=repr(value),
            expected=expected,
            advice="Fix the value (of a template, check the rendered field) and clear the task.",
        )
