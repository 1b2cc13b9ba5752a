"""The task instance of a context, where it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {"dag_id": str, "run_id": str, "task_id": str, "try_number": int, "max_tries": int}


def task_instance(context: Mapping[str, Any]) -> Any:
    """It, or None outside Airflow; also in a unit test of a DAG that executes an operator with a mock."""
    ti = context.get("ti")
    if any(not isinstance(getattr(ti, name, kind()), kind) for name, kind in _KINDS.items()):
        return None
    return ti
