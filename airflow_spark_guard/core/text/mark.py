"""The mark of the guard's own lines in a task log."""

from __future__ import annotations

from typing import Final

MARK: Final = "[guard] "
# Airflow folds lines between ``::group::`` and ``::endgroup::``, which must begin the line.
_FOLDING = "::"


def marked(text: str) -> str:
    """A line of the guard with its mark; markers of folds stay as they are."""
    return text if text.startswith((_FOLDING, MARK)) else f"{MARK}{text}"
