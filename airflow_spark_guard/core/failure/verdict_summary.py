"""What the XCom ``spark_guard_verdict`` says of a failed attempt: few words, always in the same shape.

In observe mode it says the same of what would have ended the attempt.
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
# Tried in turn; the last one fits whatever the characters are (12 bytes of JSON at the most).
_TEXT_LENGTHS = (500, 400, 300, 200, 100, 50, 20)
_ORPHAN_SHARE = 5
_CUT = "..."
_MOST_VERDICTS = 20


def verdict_summary(
    error: AttemptError, advice: RetryAdvice, tries_left: int = 0, observed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The verdict for XCom: JSON-safe, secrets masked, at most 4096 bytes of JSON, no traceback or output.

    ``retry`` is whether another try follows: one that can help (``retry_can_help``), where Airflow has one
    left (``tries_left``). Texts that are not known are empty. Each has at most 500 characters, of the orphans
    the first ten are named, with at most 100 characters each. ``observed`` is whether the
    verdict was only said (observe mode), and nothing was ended or is tried again by it.

    Args:
        error: the verdict.
        advice: on another try.
        tries_left: that Airflow has.
        observed: in observe mode the verdicts of the attempt so far, this one last: the first one would have
            ended it. Else empty.
    """
    told = {
        "observed": bool(observed),
        "verdicts": list(observed[:_MOST_VERDICTS]) or [str(error.verdict)],
    }
    again = {"retry": advice.retry and tries_left > 0 and not observed, "tries_left": tries_left}
    summaries = ({**_summary(error, advice, length), **again, **told} for length in _TEXT_LENGTHS)
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
    # Masked before it is cut: half a secret is one still.
    safe = safe_text(text)
    return safe if len(safe) <= length else safe[: max(0, length - len(_CUT))] + _CUT
