"""Histories of applications in a few words. Times are seconds after ``START``."""

from __future__ import annotations

from dataclasses import astuple, fields, is_dataclass, replace
from statistics import quantiles
from typing import Any

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.history.model import (
    ApplicationHistory,
    ExecutorHistory,
    JobHistory,
    Spread,
    SqlHistory,
    SqlNode,
    StageHistory,
    TaskHistory,
)

START = 1_700_000_000.0
GIB = 1 << 30
CONF = {"spark.master": "yarn", "spark.executor.memory": "4g", "spark.driver.memory": "2g"}


def at(seconds: float) -> EpochTime:
    return EpochTime(START + seconds)


def spread(*values: float) -> Spread:
    """Of these values."""
    low, *_ = values = tuple(sorted(values))
    p25, median, p75 = quantiles(values, method="inclusive") if len(values) > 1 else (low, low, low)
    return Spread(len(values), low, p25, median, p75, values[-1], sum(values))


def stage(number: int, begin: float, end: float, *durations: float, **fields_of_it: Any) -> StageHistory:
    """A stage with tasks of these durations, in a job of its number, on one line of its number."""
    known = {
        "tasks": len(durations),
        "done": len(durations),
        "submitted": at(begin),
        "completed": at(end),
        "duration": spread(*durations) if durations else None,
        "run_s": sum(durations),
        "lost_s": 0.0,
        "speculative_s": 0.0,
        "gc_s": 0.0,
        "fetch_wait_s": 0.0,
        "deserialize_s": 0.0,
        "scheduler_s": 0.0,
        "disk_spilled_bytes": 0,
        "jobs": (number,),
        "call": f"count at /jobs/job.py:{number}",
        "first_task": at(begin),
    }
    return StageHistory(number, fields_of_it.pop("attempt", 0), **{**known, **fields_of_it})


def task(number: int, seconds: float, **fields_of_it: Any) -> TaskHistory:
    """A task on executor 1 and host a."""
    known = {"executor": "1", "host": "a", "started": at(0)}
    return TaskHistory(number, number, 0, seconds=seconds, **{**known, **fields_of_it})


def executor(
    name: object, begin: float = 0, end: float | None = None, **fields_of_it: Any
) -> ExecutorHistory:
    """An executor with 4 cores."""
    known = {"cores": 4, "host": f"host{name}", "tasks": 10, "failed": 0}
    removed = None if end is None else at(end)
    return ExecutorHistory(str(name), added=at(begin), removed=removed, **{**known, **fields_of_it})


def job(number: int, begin: float, end: float | None, **fields_of_it: Any) -> JobHistory:
    """A job whose stage has its number."""
    known = {"description": f"count at /jobs/job.py:{number}", "stages": (number,)}
    completed = None if end is None else at(end)
    return JobHistory(number, submitted=at(begin), completed=completed, **{**known, **fields_of_it})


def node(name: str, depth: int, text: str = "", **metrics: float) -> SqlNode:
    """An operator; ``rows`` is its number of output rows."""
    named = {key.replace("_", " "): value for key, value in metrics.items() if key != "rows"}
    if "rows" in metrics:
        named["number of output rows"] = metrics["rows"]
    return SqlNode(name, text, named, depth)


def execution(number: int, *nodes: SqlNode, **fields_of_it: Any) -> SqlHistory:
    """An execution that ended."""
    known = {"description": f"count at /jobs/job.py:{number}", "started": at(0), "ended": at(1)}
    return SqlHistory(number, nodes=nodes, **{**known, **fields_of_it})


def application(seconds: float = 1000, **parts: Any) -> ApplicationHistory:
    """An application on YARN that took so long; two executors of 4 cores were there all the time."""
    known = {
        "started": at(0),
        "ended": at(seconds),
        "conf": CONF,
        "executors": (executor(1), executor(2)),
    }
    return ApplicationHistory(id="application_1", **{**known, **parts})


def healthy(*, busy: float = 0.9, longest: float = 1.3) -> ApplicationHistory:
    """Three stages of 80 even tasks on two executors of 4 cores, one job after the other, no pause.

    Args:
        busy: the part of the slots' time in which tasks run.
        longest: the longest task against the others.
    """
    stages = tuple(
        stage(
            number,
            2 + 100 * number,
            102 + 100 * number,
            *[busy * 10] * 76,
            *[busy * 10 * longest] * 4,
            read=spread(*[1e6] * 80),
            gc_s=15.0,
            fetch_wait_s=10.0,
            shuffle_read_bytes=10**8,
            by_executor={"1": 400.0, "2": 400.0},
            slowest=(task(1, busy * 10 * longest, read_bytes=10**6),),
        )
        for number in range(3)
    )
    stages = tuple(replace(one, run_s=busy * 800) for one in stages)
    workers = tuple(executor(name, run_s=busy * 1200, heap_peak=3 * GIB, gc_s=20.0) for name in (1, 2))
    return application(
        304,
        stages=stages,
        jobs=tuple(job(number, 2 + 100 * number, 102 + 100 * number) for number in range(3)),
        executors=workers,
        executions=(execution(0, node("Scan parquet", 0, number_of_files_read=20, size_of_files_read=4e9)),),
    )


def scaled(history: Any, factor: float) -> Any:
    """The same with all times multiplied: those of day from ``START`` on."""
    if isinstance(history, tuple):
        return tuple(scaled(one, factor) for one in history)
    if not is_dataclass(history) or isinstance(history, Spread):
        return history
    return replace(
        history,
        **{one.name: _scaled(one.name, getattr(history, one.name), factor) for one in fields(history)},
    )


def _scaled(name: str, value: Any, factor: float) -> Any:
    if isinstance(value, float) and value >= START:
        return EpochTime(START + (value - START) * factor)
    if isinstance(value, float) and (name.endswith("_s") or name == "seconds"):
        return value * factor
    if name == "duration" and value is not None:
        return Spread(value.count, *(one * factor for one in astuple(value)[1:]))
    if name == "by_executor":
        return {key: seconds * factor for key, seconds in value.items()}
    return scaled(value, factor)
