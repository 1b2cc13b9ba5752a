"""Rows as Spark's status store has them (``v1.StageData``, ``TaskDataWrapper``), the fields that are read."""

from __future__ import annotations

from typing import Any

# In milliseconds; beyond 32 bits, as any time of today.
BEGIN = 1_800_000_000_000


def stage_row(stage: int = 7, **fields: Any) -> dict[str, Any]:
    """A stage of 4 tasks that took 2 s."""
    return {
        "stageId": stage,
        "attemptId": 0,
        "name": "count at /jobs/job.py:3",
        "status": "COMPLETE",
        "numCompleteTasks": 4,
        "numFailedTasks": 1,
        "submissionTime": BEGIN,
        "firstTaskLaunchedTime": BEGIN + 500,
        "completionTime": BEGIN + 2500,
        "executorRunTime": 8000,
        "jvmGcTime": 2000,
        "resultSize": 9000,
        "memoryBytesSpilled": 2000,
        "diskBytesSpilled": 1000,
        "inputBytes": 10,
        "shuffleReadBytes": 20,
        "shuffleWriteBytes": 30,
        **fields,
    }


def task_row(index: int, milliseconds: int, shuffle: int = 0) -> dict[str, Any]:
    """A task that finished."""
    return {
        "index": index,
        "executorId": str(index % 2),
        "host": f"node{index % 2}",
        "status": "SUCCESS",
        "executorRunTime": milliseconds,
        "shuffleRemoteBytesRead": shuffle,
        "shuffleLocalBytesRead": 0,
    }
