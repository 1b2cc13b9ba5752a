"""Text of an untrusted job as it may stand in a log or in an exception."""

from __future__ import annotations

import re

from airflow_spark_guard.core.output.known_secrets import KNOWN
from airflow_spark_guard.core.output.mark import MARK
from airflow_spark_guard.core.output.masking import mask_text

LONGEST_LINE = 4096
_INDENT = 4 * " "
# Everything that could move the reader's cursor or hide text; the tab stays.
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code != ord("\t")}


# Airflow's log page folds what stands between these two, wherever they stand in a line.
_FOLDING = re.compile(r"::((?:end)?group)::")


def unfolded(text: str) -> str:
    """The same text, but nothing in it folds what follows it away."""
    return _FOLDING.sub(r"[\1]", text)


def folds(line: str, is_open: int) -> int:
    """How many groups are open after a line, where ``is_open`` were before it."""
    for found in _FOLDING.finditer(line):
        is_open = is_open + 1 if found[1] == "group" else max(0, is_open - 1)
    return is_open


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

    One that begins with the guard's mark is indented: it is none of the guard's.
    """
    text = line[: LONGEST_LINE + 1].decode(errors="replace").translate(_CONTROL)
    if text.startswith(MARK.rstrip()):
        text = f"{_INDENT}{text}"
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... (line cut)"
