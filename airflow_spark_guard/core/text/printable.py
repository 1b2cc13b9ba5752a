"""Makes text of an untrusted job safe for a log or an exception."""

from __future__ import annotations

import re

from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.mark import MARK
from airflow_spark_guard.core.text.masking import mask_text

LONGEST_LINE = 4096
_INDENT = 4 * " "
# Characters that change the direction of text and so disguise a line.
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Characters that could move the cursor or hide text; the tab is allowed. Some readers begin a new line at the
# two separators.
_CONTROL: dict[int, str | None] = {
    **{code: None for code in (*range(32), *range(127, 160), *_BIDI) if code != ord("\t")},
    0x2028: " ",
    0x2029: " ",
}
# Characters that could precede a forged mark of the guard invisibly.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad \t"

# Airflow's log page folds between the first pair, anywhere in a line; other log viewers fold at the second.
_FOLDING = re.compile(r"::((?:end)?group)::|##\[((?:end)?group)\]")


def unfolded(text: str) -> str:
    """The text with markers of folds disarmed, so that it cannot hide the lines after it."""
    return _FOLDING.sub(lambda found: f"[{found[1] or found[2]}]", text)


def safe_text(text: str) -> str:
    """Text of an untrusted job for an exception or a log: lines kept, secrets masked.

    Markers of folds in Airflow's log page are disarmed.
    """
    plain = text.encode(errors="replace").decode()
    plain = "\n".join(line.translate(_CONTROL) for line in plain.split("\n"))
    return unfolded(KNOWN.mask_cut(mask_text(plain)))


def one_line(text: str, length: int) -> str:
    """:func:`safe_text` as one line of at most ``length`` characters."""
    return " ".join(safe_text(text).split())[:length]


def shown(line: bytes) -> str:
    """A line of untrusted output for a log: valid text, no control characters, bounded.

    Markers of folds are disarmed. A line with a forged mark of the guard is indented.
    """
    text = unfolded(line[: LONGEST_LINE + 1].decode(errors="replace").translate(_CONTROL))
    if text.lstrip(_INVISIBLE).startswith(MARK.rstrip()):
        text = f"{_INDENT}{text}"
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... (line cut)"
