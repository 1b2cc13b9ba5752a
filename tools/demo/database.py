"""What a DAG run has come to, read from Airflow's SQLite database while it runs and afterwards.

Read-only, by plain SQL: importing Airflow for its models costs seconds, and its sessions want to own the
process.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class RunDatabase:
    """The newest run of one DAG, as long as it began after this object was made."""

    def __init__(self, path: Path, dag_id: str) -> None:
        self._path = path
        self._dag_id = dag_id
        self._since = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")

    def state(self) -> str | None:
        """Of the run; None before there is one."""
        run = self._run()
        return run[1] if run else None

    def tasks(self) -> dict[str, tuple[str, float]]:
        """State and seconds by task, in the order in which they started."""
        run = self._run()
        found = self._query(
            "SELECT task_id, state, duration FROM task_instance WHERE dag_id = ? AND run_id = ?"
            " AND start_date IS NOT NULL ORDER BY start_date",
            (self._dag_id, run[0] if run else ""),
        )
        return {task: (state or "", seconds or 0.0) for task, state, seconds in found}

    def returned(self, task: str) -> Any:
        """What a task returned; None when it returned nothing."""
        run = self._run()
        found = self._query(
            "SELECT value FROM xcom WHERE dag_id = ? AND run_id = ? AND task_id = ? AND key = 'return_value'",
            (self._dag_id, run[0] if run else "", task),
        )
        return _decoded(found[0][0]) if found else None

    def _run(self) -> tuple[str, str] | None:
        found = self._query(
            "SELECT run_id, state FROM dag_run WHERE dag_id = ? AND start_date >= ?"
            " ORDER BY start_date DESC LIMIT 1",
            (self._dag_id, self._since),
        )
        return (found[0][0], found[0][1]) if found else None

    def _query(self, statement: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2)) as database:
                return database.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            return []  # locked by a write, or not created yet: the next look will tell


def _decoded(value: Any) -> Any:
    """JSON text, which Airflow may have encoded once more on its way into a JSON column."""
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return value
    return value
