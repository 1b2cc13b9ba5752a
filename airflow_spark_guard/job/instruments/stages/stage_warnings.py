"""Which stages are worth a change of the script, and what to change: functions of plain figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow_spark_guard.job.instruments.stages.call_sites import what_of
from airflow_spark_guard.job.text import shown, shown_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.job.instruments.stages.stage_figures import Spread, StageFigures

Kind: TypeAlias = Literal["task", "binary", "result", "spill", "skew", "shuffle skew", "gc"]
KIB, MIB = 1 << 10, 1 << 20
_LEAST_GC = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class StageWarning:
    """One figure above its limit.

    Attributes:
        kind: which figure.
        stage: id.
        line: ``file:line`` of the script; empty if it is not known.
        got: the figure: bytes, a ratio or a share.
        limit: the limit, in the figure's unit.
        text: a sentence with both, and what to change.
    """

    kind: Kind
    stage: int
    line: str
    got: float
    limit: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def warnings_of(
    figures: StageFigures,
    *,
    task_bytes: int = 1000 * KIB,
    result_bytes: int = 512 * MIB,
    spill_bytes: int = 64 * MIB,
    skew_ratio: float = 5.0,
    skew_seconds: float = 5.0,
    skew_bytes: int = 256 * MIB,
    gc_share: float = 0.2,
) -> tuple[StageWarning, ...]:
    """What is too large in one stage; a figure above its limit warns.

    Args:
        figures: of the stage.
        task_bytes: of a serialized task, and of the binary that all its tasks share. Spark's own limit.
        result_bytes: sent to the driver. Half of the default of ``spark.driver.maxResultSize``.
        spill_bytes: written to disk.
        skew_ratio: the largest task against the median; as ``skewedPartitionFactor`` of adaptive execution.
        skew_seconds: that the largest task takes longer than the median; less is not worth a change.
        skew_bytes: that the largest task reads; as ``skewedPartitionThresholdInBytes``.
        gc_share: of the run time.
    """
    found = (
        _over(figures, "task", figures.task_bytes or 0, task_bytes),
        _over(figures, "binary", figures.binary_bytes or 0, task_bytes),
        _over(figures, "result", figures.result_bytes, result_bytes),
        _over(figures, "spill", figures.disk_spilled, spill_bytes),
    )
    return (
        *(one for one in found if one is not None),
        *_skews(figures, skew_ratio, skew_seconds, skew_bytes),
        *_collections(figures, gc_share),
    )


_BYTES: dict[Kind, tuple[str, str]] = {
    "task": (
        "sends tasks of up to {got} (limit: {limit})",
        (
            "the rows given to `parallelize` or `createDataFrame` travel inside of the tasks; read them from "
            "files, or spread them over more partitions"
        ),
    ),
    "binary": (
        "sends a plan with its functions of {got} (limit: {limit})",
        (
            "a function captures a large object, or the lineage is deep; pass the object as a broadcast, or "
            "cut the lineage with `checkpoint`"
        ),
    ),
    "result": (
        "returned {got} to the driver (limit: {limit})",
        "aggregate or filter before `collect`, or write the rows to files",
    ),
    "spill": (
        "wrote {got} to disk because its memory was full (limit: {limit})",
        "use more partitions (`spark.sql.shuffle.partitions`, `repartition`), or give executors more memory",
    ),
}


def _over(figures: StageFigures, kind: Kind, got: int, limit: int) -> StageWarning | None:
    if got <= limit:
        return None
    what, cure = _BYTES[kind]
    shows = what.format(got=shown_bytes(got), limit=shown_bytes(limit))
    return StageWarning(kind, figures.stage, figures.line, got, limit, f"{_named(figures)} {shows}: {cure}.")


def _skews(figures: StageFigures, ratio: float, seconds: float, size: int) -> Iterator[StageWarning]:
    run, shuffle = figures.run_time, figures.shuffle
    uneven = shuffle is not None and shuffle.ratio > ratio
    if run is not None and run.ratio > ratio and run.largest - run.median > seconds:
        shows = f"took {run.largest:.1f} s, the median task {run.median:.1f} s"
        cure = _KEYS if uneven else _PARTITIONS
        yield _skew(figures, "skew", run, ratio, f"{shows}; {cure}")
    if shuffle is not None and uneven and shuffle.largest > size:
        shows = f"read {shown_bytes(shuffle.largest)}, the median task {shown_bytes(shuffle.median)}"
        yield _skew(figures, "shuffle skew", shuffle, ratio, f"{shows}; {_KEYS}")


_KEYS = (
    "few keys have most rows: filter them out or treat them apart, add a random part to the key, or "
    "broadcast the smaller side of the join"
)
_PARTITIONS = "its partitions are unequal or its rows differ in their work: `repartition` before this line"


def _skew(figures: StageFigures, kind: Kind, spread: Spread, limit: float, shows: str) -> StageWarning:
    text = (
        f"{_named(figures)} is skewed by {spread.ratio:.1f} (limit: {limit:g}): task {spread.task} on "
        f"{shown(spread.host, 60)} {shows}."
    )
    return StageWarning(kind, figures.stage, figures.line, spread.ratio, limit, text)


def _collections(figures: StageFigures, limit: float) -> Iterator[StageWarning]:
    if figures.gc_share <= limit or figures.gc_share * figures.run_seconds < _LEAST_GC:
        return
    text = (
        f"{_named(figures)} spent {figures.gc_share:.0%} of its time on garbage collection "
        f"(limit: {limit:.0%}): give executors more memory or fewer cores, or cache less."
    )
    yield StageWarning("gc", figures.stage, figures.line, figures.gc_share, limit, text)


def _named(figures: StageFigures) -> str:
    if not figures.line:
        return f"Stage {figures.stage} (line unknown)"
    what = what_of(figures.name)
    return f"Stage {figures.stage} ({f'`{shown(what, 60)}` at ' if what else ''}{shown(figures.line, 120)})"
