"""The XCom ``spark_guard_verdict`` of a failed attempt: short, always with one set of fields.

In observe mode it describes what would have ended the attempt.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from airflow_spark_guard.core.errors import AttemptError
    from airflow_spark_guard.core.verdict_table import RetryAdvice

VERDICT_KEY: Final = "spark_guard_verdict"
LARGEST_SUMMARY = 4096
_MOST_ORPHANS = 10
# Tried in turn; the last one fits with any characters (at most 12 bytes of JSON each).
_TEXT_LENGTHS = (500, 400, 300, 200, 100, 50, 20)
_ORPHAN_SHARE = 5
_CUT = "..."
_MOST_VERDICTS = 20


def verdict_summary(
    error: AttemptError, advice: RetryAdvice, tries_left: int = 0, observed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The verdict for XCom: JSON-safe, secrets masked, at most 4096 bytes of JSON, no traceback or output.

    ``retry`` is whether another try follows: it can help (``retry_can_help``), and Airflow has one left
    (``tries_left``). Unknown texts are empty; each text has at most 500 characters. The first ten orphans are
    named, with at most 100 characters each. ``observed`` is whether the verdict was only logged (observe
    mode), so that it ends nothing and causes no retry.

    Args:
        error: the verdict.
        advice: on another try.
        tries_left: the tries that Airflow has left.
        observed: in observe mode the verdicts of the attempt so far, this one last: the first one would have
            ended it. Otherwise empty.
    """
    mode = {
        "observed": bool(observed),
        "verdicts": list(observed[:_MOST_VERDICTS]) or [str(error.verdict)],
    }
    again = {"retry": advice.retry and tries_left > 0 and not observed, "tries_left": tries_left}
    summaries = ({**_summary(error, advice, length), **again, **mode} for length in _TEXT_LENGTHS)
    return next(summary for summary in summaries if len(json.dumps(summary)) <= LARGEST_SUMMARY)


def _summary(error: AttemptError, advice: RetryAdvice, length: int) -> dict[str, Any]:
    return {
        "verdict": str(error.verdict),
        "what": _short(error.what, length),
        "where": _short(error.where, length),
        "got": _short(error.got, length),
        "advice": _short(error.advice, length),
        "record": _short(error.record, length),
        "orphans": [_short(orphan, length // _ORPHAN_SHARE) for orphan in error.orphans[:_MOST_ORPHANS]],
        "retry_can_help": advice.retry,
        "hint": _short(advice.hint, length),
    }


def _short(text: str, length: int) -> str:
    # Masked before it is cut: half a secret is still a secret.
    safe = safe_text(text)
    return safe if len(safe) <= length else safe[: max(0, length - len(_CUT))] + _CUT
