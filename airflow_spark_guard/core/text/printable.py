"""Text of an untrusted job as it may stand in a log or in an exception."""

from __future__ import annotations

import re

from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.mark import MARK
from airflow_spark_guard.core.text.masking import mask_text

LONGEST_LINE = 4096
_INDENT = 4 * " "
# What turns the direction of text around, so that a line reads otherwise than it is.
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Everything that could move the reader's cursor or hide text; the tab stays. Some readers begin a new line at
# the two separators.
_CONTROL: dict[int, str | None] = {
    **{code: None for code in (*range(32), *range(127, 160), *_BIDI) if code != ord("\t")},
    0x2028: " ",
    0x2029: " ",
}
# Before the guard's mark they would hide that it is none.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad \t"

# Airflow's log page folds what stands between the first pair, wherever they stand in a line; other readers of
# logs fold at the second.
_FOLDING = re.compile(r"::((?:end)?group)::|##\[((?:end)?group)\]")


def unfolded(text: str) -> str:
    """The same text, but nothing in it folds what follows it away."""
    return _FOLDING.sub(lambda found: f"[{found[1] or found[2]}]", text)


def safe_text(text: str) -> str:
    """Text of an untrusted job as it may stand in an exception or a log: lines kept, secrets masked.

    It folds nothing away in Airflow's log page.
    """
    plain = text.encode(errors="replace").decode()
    plain = "\n".join(line.translate(_CONTROL) for line in plain.split("\n"))
    return unfolded(KNOWN.mask_cut(mask_text(plain)))


def one_line(text: str, length: int) -> str:
    """The same as :func:`safe_text` on one line of at most ``length`` characters."""
    return " ".join(safe_text(text).split())[:length]


def shown(line: bytes) -> str:
    """A line of untrusted output as it may stand in a log: valid text, no control characters, bounded.

    It folds nothing away. One that begins with the guard's mark is indented: it is none of the guard's.
    """
    text = unfolded(line[: LONGEST_LINE + 1].decode(errors="replace").translate(_CONTROL))
    if text.lstrip(_INVISIBLE).startswith(MARK.rstrip()):
        text = f"{_INDENT}{text}"
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... (line cut)"
