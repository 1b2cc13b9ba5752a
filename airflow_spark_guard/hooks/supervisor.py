"""The process of Airflow that supervises a task."""

from __future__ import annotations

import os


def supervisor_pid() -> int | None:
    """The Airflow process above this task, whose death must end the job; None under ``dag.test()``.

    There the task runs in the caller's own process, and its parent is a shell that may well go away.
    """
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415 - Airflow's worker has it loaded
    from airflow.sdk.execution_time.comms import CommsDecoder  # noqa: PLC0415

    supervised = isinstance(getattr(task_runner, "SUPERVISOR_COMMS", None), CommsDecoder)
    return os.getppid() if supervised else None
