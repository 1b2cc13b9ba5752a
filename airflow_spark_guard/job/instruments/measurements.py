"""Turns what the instruments return into measurements: which figures are kept, and what is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.job.instruments.measurement import Measurement
from airflow_spark_guard.job.instruments.stages.call_sites import what_of

if TYPE_CHECKING:
    from airflow_spark_guard.job.instruments.closures.broadcasts import BroadcastSize
    from airflow_spark_guard.job.instruments.closures.captures import ClosureSize
    from airflow_spark_guard.job.instruments.frames.analysis import FrameAnalysis
    from airflow_spark_guard.job.instruments.frames.checkpoints import Checkpoint
    from airflow_spark_guard.job.instruments.stages.stage_figures import StageFigures
    from airflow_spark_guard.job.instruments.stages.stage_warnings import StageWarning

_MOST_CAPTURED = 5


def of_closure(found: ClosureSize, line: str) -> Measurement:
    """A function that is sent to executors."""
    captured = [
        {"path": one.path, "type": one.type_name, "bytes": one.size_bytes}
        for one in found.captured[:_MOST_CAPTURED]
    ]
    values = {"bytes": found.size_bytes, "captured": captured}
    return Measurement("closure", found.name, values, line, found.advice, found)


def of_broadcast(found: BroadcastSize, line: str) -> Measurement:
    """A value that is broadcast."""
    values = {"bytes": found.size_bytes, "type": found.type_name}
    return Measurement("broadcast", found.name, values, line, found.advice, found)


def of_frame(found: FrameAnalysis, name: str, line: str) -> Measurement:
    """A DataFrame."""
    values = {
        "columns": found.columns,
        "partitions": found.partitions.count,
        "depth": found.lineage.plan.value,
        "rdd_depth": found.lineage.rdd.value if found.lineage.rdd is not None else None,
        "nodes": found.plan_nodes,
        "bytes": found.estimated_bytes,
        "rows": found.rows,
    }
    warning = f"DataFrame `{name}`: {' '.join(map(str, found.warnings))}" if found.warnings else ""
    return Measurement("frame", name, values, line, warning, found)


def of_checkpoint(found: Checkpoint, line: str) -> Measurement:
    """A lineage that was cut."""
    values = {
        "depth_before": found.before.value,
        "depth_after": found.after.value,
        "how": found.kind,
        "seconds": round(found.seconds, 3),
    }
    warning = f"Checkpoint `{found.name}`: {found.warning}" if found.warning else ""
    return Measurement("checkpoint", found.name, values, line, warning, found)


def of_stage(found: StageFigures, warnings: tuple[StageWarning, ...]) -> Measurement:
    """A stage that has ended."""
    spread = found.run_time
    values = {
        "stage": found.stage,
        "attempt": found.attempt,
        "tasks": found.tasks,
        "result_bytes": found.result_bytes,
        "spill_bytes": found.disk_spilled or found.memory_spilled,
        "input_bytes": found.input_bytes,
        "shuffle_read_bytes": found.shuffle_read,
        "shuffle_write_bytes": found.shuffle_write,
        "run_s": found.run_seconds,
        "max_s": spread.largest if spread is not None else None,
        "median_s": spread.median if spread is not None else None,
        "skew": round(spread.ratio, 2) if spread is not None else None,
        "gc_share": round(found.gc_share, 3),
    }
    attempt = f" (attempt {found.attempt})" if found.attempt else ""
    called = f"{what_of(found.name)} at {found.line}" if found.line else found.name
    name = f"stage {found.stage}{attempt}: {called}"
    return Measurement("stage", name, values, found.line, " ".join(one.text for one in warnings), found)
