"""The moments that the timeline marks: limits that were passed, the verdict, lost executors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.report.figures import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.report.contents import Contents


def marks_of(contents: Contents) -> tuple[Mark, ...]:
    """The marks, by time."""
    return tuple(sorted(_marks(contents), key=lambda mark: mark.at))


def _marks(contents: Contents) -> Iterator[Mark]:
    summary, started = contents.summary, contents.history.started
    if started is None:
        return
    reached, ended = summary.get("limit_reached_at_s"), summary.get("ended_at_s")
    if isinstance(reached, int | float):
        yield Mark(EpochTime(started + reached), "limit", "limit")
    if isinstance(ended, int | float) and summary.get("verdict"):
        yield Mark(EpochTime(started + ended), safe_text(str(summary["verdict"])), "verdict")
    for row in summary.get("observed") or []:
        if isinstance(row, dict) and isinstance(row.get("limit_reached_at_s"), int | float):
            at = EpochTime(started + row["limit_reached_at_s"])
            yield Mark(at, safe_text(str(row.get("verdict", ""))), "limit")
