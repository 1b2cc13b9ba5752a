"""How the guard's own lines in a task log are told from the job's."""

from __future__ import annotations

from typing import Final

MARK: Final = "[guard] "
# Airflow folds what stands between ``::group::`` and ``::endgroup::``, where they begin the line.
_FOLDING = "::"


def marked(text: str) -> str:
    """A line of the guard's own as it stands in the log."""
    return text if text.startswith((_FOLDING, MARK)) else f"{MARK}{text}"
