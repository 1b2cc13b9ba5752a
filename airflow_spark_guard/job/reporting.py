"""``report``: metrics for the task log while the application runs, and one result for XCom."""

from __future__ import annotations

import json
import os
from typing import Any

from airflow_spark_guard.job.values import DEEPEST, UnfitValueError, is_finite, plain, single
from airflow_spark_guard.job.wire import RESULT_SIZE_ENV, open_channel, write_to_stderr

_UNSET: Any = object()
DEFAULT_RESULT_SIZE = 64 * 1024
_LONGEST_METRIC = 1000
# A metric in a loop would cause a warning for each of its values.
_MOST_WARNINGS = 20
_warned: set[str] = set()


class ReportError(ValueError):
    """A result cannot be reported; the message says what to do instead."""


def report(result: Any = _UNSET, /, **metrics: Any) -> None:
    """Send metrics to the task log, and a result to the task's XCom.

    ::

        report(fold=3, mae=17.2)  # one line in the task log, now
        report({"rows": 336776, "model": path})  # the task's XCom, when the job succeeds
        report(result={"rows": 336776})  # also the task's XCom

    numpy scalars and zero-dimensional arrays, ``Decimal``, dates and times (ISO text), durations (seconds),
    ``UUID``, paths and enum members are converted to the plain values they represent; a missing value of
    pandas becomes None, a ``Row`` a mapping.

    Outside a guarded attempt the arguments are checked and dropped, so that a script also runs under plain
    ``spark-submit``. The last result reported counts. After 10,000 reports that come faster than 10 per
    second only the newest is kept.

    Args:
        result: any JSON value of at most ``GuardLimits.result_size`` bytes (64 KiB unless set) and 64 levels.
        **metrics: single values. One that cannot be shown causes a warning and does not end the job.
            ``result=`` is the result, unless one is passed as first argument.

    Raises:
        ReportError: the result cannot be stored in XCom, or is too large.
        OSError: the result cannot be written.
    """
    if result is _UNSET and "result" in metrics:
        result = metrics.pop("result")
    elif "result" in metrics:
        metrics.pop("result")
        warn("report(result=...)", "there are two results; the first argument is used")
    shown = {name: text for name, value in metrics.items() if (text := _shown(name, value)) is not _UNSET}
    if shown:
        try:
            open_channel().send("metric", values=shown)
        except ValueError as error:
            warn(f"report({next(iter(shown))}=...)", str(error))
    if result is not _UNSET:
        open_channel().send("result", value=_checked(result))


def _shown(name: str, value: Any) -> Any:
    """A metric as it is sent; ``_UNSET``, with a warning, if it is not a single value."""
    try:
        found = single(value, "its value")
        json.dumps(found)  # an integer may have too many digits
    except ValueError as error:
        warn(f"report({name}=...)", f"{error}; a metric must be a number, text or a boolean")
        return _UNSET
    if isinstance(found, float) and not is_finite(found):
        return str(found)  # JSON has no NaN and no infinity, but a metric may be one
    if isinstance(found, str) and len(found) > _LONGEST_METRIC:
        return f"{found[:_LONGEST_METRIC]} ... ({len(found)} characters)"
    return found


def warn(call: str, trouble: str) -> None:
    """Warn once for each call, in the task log, or on standard error outside an attempt."""
    if call in _warned or len(_warned) >= _MOST_WARNINGS:
        return
    _warned.add(call)
    text = f"{call}: {trouble}. It was left out."[:_LONGEST_METRIC]
    channel = open_channel()
    channel.send("warning", text=text)
    if not channel.is_open:
        write_to_stderr(f"spark-guard: {text}\n")


def _checked(result: Any) -> Any:
    try:
        found = plain(result)
    except UnfitValueError as error:
        raise ReportError(
            refusal(
                "The result cannot be stored in XCom.",
                str(error),
                f"None, booleans, finite numbers of up to 64 bits, text, dates, and lists and mappings with "
                f"text keys, at most {DEEPEST} levels deep",
                "Convert first: x.tolist() for arrays, list(x) for sets, str(key) for keys; leave out NaN.",
            )
        ) from error
    size = len(json.dumps(found))
    limit = int(os.environ.get(RESULT_SIZE_ENV, DEFAULT_RESULT_SIZE))
    if size > limit:
        raise ReportError(
            refusal(
                "The result is too large for XCom.",
                f"{size} bytes of JSON",
                f"at most {limit} bytes (GuardLimits.result_size)",
                "Write the data to storage (parquet, a table, a file) and report its path.",
            )
        )
    return found


def refusal(what: str, got: str, expected: str, advice: str) -> str:
    """The text of a :class:`ReportError`."""
    return f"{what}\n  got: {got}\n  expected: {expected}\n  do: {advice}"
