"""Progress of a job as one line for the task log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 4


def progress_text(stages: Sequence[Any]) -> str:
    """``stage 3: 40 of 200 tasks done, 8 running``; empty when no stage is active or nothing is usable."""
    rows = [row for row in stages if isinstance(row, dict)]
    texts = [
        f"stage {row.get('stage')}: {row.get('done')} of {row.get('tasks')} tasks done, "
        f"{row.get('active')} running" + (f", {row['failed']} failed" if row.get("failed") else "")
        for row in rows[:_SHOWN]
    ]
    if len(rows) > _SHOWN:
        texts.append(f"and {len(rows) - _SHOWN} more stages")
    return "; ".join(texts)
