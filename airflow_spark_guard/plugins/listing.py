"""The list of attempts: filtered, the newest first, bounded in number and in time."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.plugins.index import Found, Index
from airflow_spark_guard.plugins.limits_view import LimitsFromHistory
from airflow_spark_guard.plugins.row import row_of
from airflow_spark_guard.plugins.week import Week
from airflow_spark_guard.process.past_try_reader import always
from airflow_spark_guard.process.record_folder import folder_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from airflow_spark_guard.plugins.place import Task

SHOWN: Final = 200
"""Rows of a list, at most."""
BUDGET: Final = 1.5
"""Seconds for reading records, at most."""
_KEPT = 10_000
_ENDED = {"success", "failed"}
_DAY = 86400.0


@dataclass(frozen=True)
class Filter:
    """Which attempts to list; an empty value is not compared.

    Attributes:
        dags: ids of the DAGs that the user may read.
        dag_id: of the DAG.
        verdict: a verdict such as ``STALLED``, or a state such as ``running``.
        day: on which the attempt ran, in UTC.
    """

    dags: Collection[str]
    dag_id: str = ""
    verdict: str = ""
    day: date | None = None


@dataclass
class Attempts:
    """The attempts of one store. Rows of attempts that have ended are kept in memory.

    Args:
        root: the folder of all records.
        is_whole: whether that folder has all records; a copy of an object store may not have them yet.
    """

    root: Path
    is_whole: Callable[[], bool] = always
    _index: Index = field(init=False)
    _week: Week = field(init=False)
    _limits: LimitsFromHistory = field(init=False)
    _rows: OrderedDict[tuple[Found, float], dict[str, Any]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._index = Index(self.root, self.is_whole)
        self._week = Week(self.root)
        self._limits = LimitsFromHistory(self.root)

    def rows(self, wanted: Filter) -> dict[str, Any]:
        """The rows, the DAGs to choose from, and whether some were left out.

        Raises:
            OSError: the store cannot be read.
        """
        listing = self._index.look()
        readable = {folder_name(dag_id): dag_id for dag_id in wanted.dags}
        candidates = [found for found in listing.attempts if found.task.dag in readable]
        rows, left_out = self._matching(candidates, wanted)
        # Not by their last change: rows of running attempts would change places all the time.
        rows.sort(key=lambda row: (row["state"] in _ENDED, -(row.get("started_at") or 0.0)))
        return {
            "rows": rows,
            "dags": sorted({readable[found.task.dag] for found in candidates}),
            "attempts": len(candidates),
            "left_out": left_out,
            "complete": listing.complete,
        }

    def week(self, dags: Collection[str], dag_id: str = "") -> dict[str, Any]:
        """What the attempts that ended in the last seven days have wasted.

        Args:
            dags: ids of the DAGs that the user may read.
            dag_id: of one of them; empty for all.

        Raises:
            OSError: the store cannot be read.
        """
        listing = self._index.look()
        names = {folder_name(one) for one in dags if not dag_id or one == dag_id}
        summed = self._week.summed(found for found in listing.attempts if found.task.dag in names)
        return {**summed, "complete": listing.complete and not summed["unread"]}

    def limits(self, task: Task) -> dict[str, Any]:
        """Limits for a task, from its past tries in all runs.

        Args:
            task: one of its task instances.

        Raises:
            RecordError: another request is being worked on.
            OSError: the store cannot be read.
        """
        begun = time.monotonic()
        listing = self._index.look()
        same = [one for one in listing.attempts if (one.task.dag, one.task.task) == (task.dag, task.task)]
        return {**self._limits.of(same, begun), "complete": listing.complete}

    def _matching(self, candidates: list[Found], wanted: Filter) -> tuple[list[dict[str, Any]], bool]:
        end = time.monotonic() + BUDGET
        rows: list[dict[str, Any]] = []
        for found in _of_dag_and_day(candidates, wanted):
            if len(rows) >= SHOWN or time.monotonic() >= end:
                return rows, True
            row = self._row(found)
            if _matches(row, wanted):
                rows.append({**found.task.shown(), "try": found.number, **row})
        return rows, False

    def _row(self, found: Found) -> dict[str, Any]:
        key = (found, found.written)
        if (known := self._rows.get(key)) is not None:
            return known
        row = row_of(found.task.folder(self.root) / found.task.try_name(found.number))
        if row["state"] in _ENDED:
            self._rows[key] = row
            if len(self._rows) > _KEPT:
                self._rows.popitem(last=False)
        return row


def _of_dag_and_day(candidates: list[Found], wanted: Filter) -> Iterator[Found]:
    """Without reading a record: nothing that was last written before the day has run on it."""
    dag = folder_name(wanted.dag_id) if wanted.dag_id else ""
    begin = _begin(wanted.day)
    return (
        found
        for found in candidates
        if (not dag or found.task.dag == dag) and (begin is None or found.written >= begin)
    )


def _matches(row: dict[str, Any], wanted: Filter) -> bool:
    if wanted.verdict and wanted.verdict not in (row["verdict"], row["state"]):
        return False
    begin, started = _begin(wanted.day), row.get("started_at")
    if begin is None:
        return True
    if started is None or started >= begin + _DAY:
        return False
    took = row.get("took_s")
    return took is None or started + took >= begin


def _begin(day: date | None) -> float | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
