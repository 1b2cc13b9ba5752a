"""The launcher's thread: says which application runs and how far it is, and never disturbs it."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.wire import Channel, NoChannel

PARENT_CHECK = 1.0  # seconds
PROGRESS_EVERY = 5  # parent checks


def watch(channel: Channel | NoChannel, parent: int) -> None:
    """Until the process ends: die with the JVM, say hello for the application, publish its progress."""
    said: dict[str, Any] = {}
    tick = 0
    while True:
        if os.getppid() != parent:
            # The kernel's death signal has normally come first; this is for systems without it.
            os.kill(os.getpid(), signal.SIGKILL)
        if tick % PROGRESS_EVERY == 0:
            try_publish(channel, said)
        tick += 1
        time.sleep(PARENT_CHECK)


def try_publish(channel: Channel | NoChannel, said: dict[str, Any]) -> bool:
    """Publish, unless the context is being started or stopped by the script at this moment."""
    try:
        publish(channel, said)
    except Exception:  # noqa: BLE001 - evidence is worth nothing if it can end a healthy job
        said["missed"] = said.get("missed", 0) + 1
        return False
    return True


def publish(channel: Channel | NoChannel, said: dict[str, Any]) -> None:
    """Send hello for a new SparkContext, and progress where it has changed since ``said``."""
    context = _active_context()
    if context is None:
        return
    application = context.applicationId
    if said.get("application") != application:
        channel.send(
            "hello",
            pid=os.getpid(),
            python=sys.version.split()[0],
            application_id=application,
            ui_url=context.uiWebUrl,
            spark=context.version,
        )
        said["application"] = application
    stages = _stages(context)
    if stages != said.get("stages"):
        channel.send("progress", stages=stages)
        said["stages"] = stages


def _active_context() -> Any:
    # Looked up, not imported: a script that never uses Spark must not pay for it.
    for name in ("pyspark.core.context", "pyspark.context"):  # 4.x, 3.5
        module = sys.modules.get(name)
        if module is not None and hasattr(module, "SparkContext"):
            return module.SparkContext._active_spark_context  # noqa: SLF001 - there is no public way
    return None


def _stages(context: Any) -> list[dict[str, int]]:
    tracker = context.statusTracker()
    rows = []
    for stage in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage)
        if info is not None:
            rows.append(
                {
                    "stage": info.stageId,
                    "attempt": info.currentAttemptId,
                    "tasks": info.numTasks,
                    "active": info.numActiveTasks,
                    "done": info.numCompletedTasks,
                    "failed": info.numFailedTasks,
                }
            )
    return rows
