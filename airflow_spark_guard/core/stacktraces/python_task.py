"""Finds the task that a Python worker runs in the local variables of PySpark's own loop."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.stacktraces.python_stack import PythonThread

# main() of pyspark/worker.py has it since Spark 4.2: {"stageId": 3, "taskAttemptId": 17, ...}.
_VARIABLE, _WORKER = "task_context_json", re.compile(r"[/\\]pyspark[/\\]worker\.py$")
_STAGE = re.compile(r"[\"']stageId[\"']: (\d{1,9})\b")


def stage_of(threads: Iterable[PythonThread]) -> int | None:
    """The stage of the task that a worker runs; None if its stack does not show it.

    Args:
        threads: from ``py-spy dump --json --locals --locals``. The variable also holds a secret: only the id
            of the stage is kept.
    """
    for thread in threads:
        if not thread.main or not thread.locals:
            continue
        for frame, variables in zip(thread.frames, json.loads(thread.locals), strict=False):
            if frame.function == "main" and _WORKER.search(frame.file):
                return _stage_in(variables)
    return None


def _stage_in(variables: object) -> int | None:
    for variable in variables if isinstance(variables, list) else []:
        if isinstance(variable, dict) and variable.get("name") == _VARIABLE:
            found = _STAGE.search(str(variable.get("repr")))
            return int(found[1]) if found else None
    return None
