"""What an application says to its task: figures while it runs, and one result."""

from __future__ import annotations

import json
import os
from typing import Any

from airflow_spark_guard.job.wire import RESULT_SIZE_ENV, open_channel

_UNSET: Any = object()
DEFAULT_RESULT_SIZE = 64 * 1024


class ReportError(ValueError):
    """A result or a metric that cannot be reported; the message says what to do instead."""


def report(result: Any = _UNSET, /, **metrics: float | str | bool | None) -> None:
    """Send metrics to the task log, and a result to the task's XCom.

    ::

        report(fold=3, mae=17.2)  # one line in the task log, now
        report({"rows": 336776, "model": path})  # the task's XCom, when the job succeeds

    Outside a guarded attempt the arguments are checked and dropped, so that a script runs by plain
    ``spark-submit`` as well. The last result reported is the one that counts.

    Args:
        result: any JSON value of at most ``GuardLimits.result_size`` bytes (64 KiB unless set).
        **metrics: single values; no lists, no mappings.

    Raises:
        ReportError: not JSON, too large, or a metric that is not a single value.
    """
    for name, value in metrics.items():
        if not (value is None or isinstance(value, (bool, int, float, str))):
            msg = refusal(
                f"report({name}=...) takes a single value.",
                f"{type(value).__name__}",
                "a number, text or a truth value",
                "Report its length or its mean, or put it into the result.",
            )
            raise ReportError(msg)
    if metrics:
        open_channel().send("metric", values={name: _finite(value) for name, value in metrics.items()})
    if result is not _UNSET:
        _check(result)
        open_channel().send("result", value=result)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; a metric may well be one, so it travels as text."""
    return str(value) if isinstance(value, float) and (value != value or value in _INFINITE) else value  # noqa: PLR0124


_INFINITE = (float("inf"), float("-inf"))


def _check(result: Any) -> None:
    try:
        size = len(json.dumps(result, allow_nan=False))
        _check_keys(result)
    except (TypeError, ValueError) as error:
        msg = refusal(
            "The result is not JSON.",
            f"{type(result).__name__}: {error}",
            "None, truth values, finite numbers, text, lists and mappings with text keys",
            "Convert first: float(x) for numpy numbers, x.tolist() for arrays, str(x) for dates, paths.",
        )
        raise ReportError(msg) from error
    limit = int(os.environ.get(RESULT_SIZE_ENV, DEFAULT_RESULT_SIZE))
    if size > limit:
        msg = refusal(
            "The result is too large for XCom.",
            f"{size} bytes of JSON",
            f"at most {limit} bytes (GuardLimits.result_size)",
            "Write the data to storage (parquet, a table, a file) and report its path.",
        )
        raise ReportError(msg)


def _check_keys(value: Any) -> None:
    """``json`` turns other keys into text silently; the reader would not find them again."""
    if isinstance(value, dict):
        for key, below in value.items():
            if not isinstance(key, str):
                msg = f"the key {key!r} is no text"
                raise TypeError(msg)
            _check_keys(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            _check_keys(below)


def refusal(what: str, got: str, expected: str, advice: str) -> str:
    """The text of a :class:`ReportError`."""
    return f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}"
