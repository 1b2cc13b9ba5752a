"""What the XCom ``spark_guard_verdict`` says of a failed attempt: few words, always in the same shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.output.printable import safe_text

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.failure.retry import Advice

LARGEST_SUMMARY = 4096
_MOST_ORPHANS = 10
# Tried in turn; the last one fits whatever the characters are (12 bytes of JSON at the most).
_TEXT_LENGTHS = (500, 400, 300, 200, 100, 50, 20)
_ORPHAN_SHARE = 5
_CUT = "..."


def verdict_summary(error: AttemptError, advice: Advice, tries_left: int = 0) -> dict[str, Any]:
    """The verdict for XCom: JSON-safe, secrets masked, at most 4096 bytes of JSON, no traceback or output.

    ``retry`` is whether another try follows: one that can help (``retry_can_help``), where Airflow has one
    left (``tries_left``). Texts that are not known are empty. Each has at most 500 characters, of the orphans
    the first ten are named, with at most 100 characters each.
    """
    summaries = (_summary(error, advice, tries_left, length) for length in _TEXT_LENGTHS)
    return next(summary for summary in summaries if len(json.dumps(summary)) <= LARGEST_SUMMARY)


def _summary(error: AttemptError, advice: Advice, tries_left: int, length: int) -> dict[str, Any]:
    return {
        "verdict": str(error.verdict),
        "what": _short(error.what, length),
        "where": _short(error.place, length),
        "got": _short(error.got, length),
        "advice": _short(error.advice, length),
        "record": _short(error.record, length),
        "orphans": [_short(orphan, length // _ORPHAN_SHARE) for orphan in error.orphans[:_MOST_ORPHANS]],
        "retry": advice.retry and tries_left > 0,
        "retry_can_help": advice.retry,
        "tries_left": tries_left,
        "hint": _short(advice.hint, length),
    }


def _short(text: str, length: int) -> str:
    # Masked before it is cut: half a secret is one still.
    safe = safe_text(text)
    return safe if len(safe) <= length else safe[: max(0, length - len(_CUT))] + _CUT
