"""What one stage has cost, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.stages.call_sites import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLISECONDS = 1000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one figure is spread over the finished tasks of a stage: seconds, or bytes.

    Attributes:
        median: of all finished tasks.
        upper: three quarters of the tasks have at most this much.
        largest: of any task.
        tasks: how many have finished.
        task: index of the task with the largest figure.
        executor: its executor's id.
        host: its executor's host.
    """

    median: float
    upper: float
    largest: float
    tasks: int
    task: int
    executor: str
    host: str

    @property
    def ratio(self) -> float:
        """The largest against the median; if that is 0, against the upper quarter; if both are, ``tasks``.

        The last is the largest against the mean if one task has everything.
        """
        base = self.median or self.upper
        if base:
            return self.largest / base
        return float(self.tasks) if self.largest else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigures:
    """One attempt of a stage that has ended.

    Attributes:
        stage: its id.
        attempt: 0, or more if Spark has run the stage again.
        name: as in Spark's UI.
        line: ``file:line`` of the script; empty if it is not known.
        is_complete: whether it ended without a failure.
        tasks: that finished.
        failed_tasks: that did not; each may have been tried again.
        seconds: from the start of the first task to the end of the stage.
        run_seconds: of all tasks together.
        gc_share: part of the run time that JVMs spent on garbage collection, 0 to 1.
        result_bytes: serialized results of the tasks, as sent to the driver.
        memory_spilled, disk_spilled: bytes in memory and, compressed, on disk.
        input_bytes: read from files.
        shuffle_read, shuffle_write: bytes.
        run_time: seconds of the tasks; None if it was not looked at.
        shuffle: bytes that the tasks read from shuffles; None if it was not looked at.
        task_bytes: size of a serialized task; None unless Spark warned of it, above 1000 KiB.
        binary_bytes: size of the plan and the functions; None unless Spark warned of it, above 1000 KiB.
    """

    stage: int
    attempt: int
    name: str
    line: str
    is_complete: bool
    tasks: int
    failed_tasks: int
    seconds: float
    run_seconds: float
    gc_share: float
    result_bytes: int
    memory_spilled: int
    disk_spilled: int
    input_bytes: int
    shuffle_read: int
    shuffle_write: int
    run_time: Spread | None = None
    shuffle: Spread | None = None
    task_bytes: int | None = None
    binary_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is not known is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def figures_of(row: Mapping[str, Any]) -> StageFigures:
    """The figures of a stage without its spreads and sizes, from Spark's own row (``v1.StageData``)."""
    name = str(row["name"])
    run = int(row["executorRunTime"])
    begin = row.get("firstTaskLaunchedTime") or row.get("submissionTime") or row["completionTime"]
    return StageFigures(
        stage=int(row["stageId"]),
        attempt=int(row["attemptId"]),
        name=name[:_LONGEST_NAME],
        line=line_of(name),
        is_complete=row["status"] == "COMPLETE",
        tasks=int(row["numCompleteTasks"]),
        failed_tasks=int(row["numFailedTasks"]),
        seconds=max(0, int(row["completionTime"]) - int(begin)) / _MILLISECONDS,
        run_seconds=run / _MILLISECONDS,
        gc_share=min(1.0, int(row["jvmGcTime"]) / run) if run > 0 else 0.0,
        result_bytes=int(row["resultSize"]),
        memory_spilled=int(row["memoryBytesSpilled"]),
        disk_spilled=int(row["diskBytesSpilled"]),
        input_bytes=int(row["inputBytes"]),
        shuffle_read=int(row["shuffleReadBytes"]),
        shuffle_write=int(row["shuffleWriteBytes"]),
    )


def spread_of(values: tuple[float, float, float], largest: Mapping[str, Any], tasks: int) -> Spread:
    """A spread from median, upper quarter and largest, and the row of the task that has the largest."""
    median, upper, most = values
    return Spread(
        median=median,
        upper=upper,
        largest=most,
        tasks=tasks,
        task=int(largest["index"]),
        executor=str(largest["executorId"])[:_LONGEST_NAME],
        host=str(largest["host"])[:_LONGEST_NAME],
    )
