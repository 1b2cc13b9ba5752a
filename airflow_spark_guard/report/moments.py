"""The moments that the timeline marks: limits that were passed, the verdict, lost executors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.numbers import number_of
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.report.figure import Mark

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
    reached, ended = number_of(summary.get("limit_reached_at_s")), number_of(summary.get("ended_at_s"))
    if reached is not None:
        yield Mark(EpochTime(started + reached), "limit", "limit")
    if ended is not None and summary.get("verdict"):
        yield Mark(EpochTime(started + ended), safe_text(str(summary["verdict"])), "verdict")
    observed = summary.get("observed")
    for row in observed if isinstance(observed, list) else []:
        at = number_of(row.get("limit_reached_at_s")) if isinstance(row, dict) else None
        if at is not None:
            yield Mark(EpochTime(started + at), safe_text(str(row.get("verdict", ""))), "limit")
