"""Which task a Python worker runs, by the local variables of PySpark's own loop."""

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
    """The stage of the task that a worker runs; None where its stack does not say so.

    Args:
        threads: of ``py-spy dump --json --locals --locals``. The variable holds a secret beside the stage's
            id: nothing else of it is kept.
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
