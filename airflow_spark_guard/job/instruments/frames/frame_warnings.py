"""What is worth a warning about a DataFrame, decided on plain figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from airflow_spark_guard.job.text import shown, shown_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_spark_guard.job.instruments.frames.paths import Depth

FrameWarningKind: TypeAlias = Literal[
    "deep_lineage", "too_deep_to_plan", "join_without_keys", "many_partitions", "few_partitions"
]
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLimits:
    """From which figure on a DataFrame is worth a warning.

    Attributes:
        lineage: operators or RDDs in a row.
        partitions_per_core: partitions for one core, if they are small as well.
        small_partition: bytes below which a partition costs more to schedule than to read.
        large_partition: bytes above which a partition is likely to spill.
        good_partition: bytes of a partition in the advice: Spark's own for files
            (``spark.sql.files.maxPartitionBytes``).
    """

    lineage: int = 50
    partitions_per_core: int = 4
    small_partition: int = _MIB
    large_partition: int = 512 * _MIB
    good_partition: int = 128 * _MIB


@dataclass(frozen=True)
class JoinSide:
    """One side of a join.

    Attributes:
        columns: their number.
        names: the first three of them.
        estimated_bytes: by Spark's optimizer; None if it has no estimate.
    """

    columns: int
    names: tuple[str, ...]
    estimated_bytes: int | None

    def __str__(self) -> str:
        names = ", ".join(shown(name) for name in self.names)
        more = f" and {self.columns - len(self.names)} more" if self.columns > len(self.names) else ""
        size = "size unknown" if self.estimated_bytes is None else shown_bytes(self.estimated_bytes)
        return f"({names}{more}; {size})"


@dataclass(frozen=True)
class KeylessJoin:
    """A join that compares every row of one side with every row of the other.

    Attributes:
        shape: ``cartesian product`` without a condition, ``nested loop`` with one that is not an equality.
        kind: as in SQL: INNER, CROSS, LEFT OUTER, ...
        left: what is joined.
        right: and with what.
    """

    shape: Literal["cartesian product", "nested loop"]
    kind: str
    left: JoinSide
    right: JoinSide


@dataclass(frozen=True)
class FrameWarning:
    """A figure above its limit, and the cure.

    Attributes:
        kind: which rule it is.
        figure: what was measured.
        limit: from which value on it is worth a warning.
        text: both in a sentence.
        cure: what to do.
    """

    kind: FrameWarningKind
    figure: float
    limit: float
    text: str
    cure: str

    def __str__(self) -> str:
        return f"{self.text} {self.cure}"


def depth_warnings(depth: Depth, limits: FrameLimits, *, too_deep: bool = False) -> Iterator[FrameWarning]:
    """Of the lineage.

    Args:
        depth: of plan or RDDs, whichever is deeper.
        limits: the limits.
        too_deep: Spark cannot plan it within the stack of its JVM.
    """
    cure = "Cut it with checkpoint_if_needed(), or DataFrame.localCheckpoint(); cache() does not cut it."
    if too_deep:
        text = f"The plan is {depth} operators deep: too deep for Spark's optimizer (StackOverflowError)."
        yield FrameWarning("too_deep_to_plan", depth.value, limits.lineage, text, cure)
    elif depth.value > limits.lineage:
        text = (
            f"The lineage is {depth} steps deep (limit: {limits.lineage}): planning and tasks grow with it."
        )
        yield FrameWarning("deep_lineage", depth.value, limits.lineage, text, cure)


def join_warnings(joins: Sequence[KeylessJoin]) -> Iterator[FrameWarning]:
    """One for each join without keys; its figure is the estimated bytes of the smaller side, 0 if unknown."""
    for join in joins:
        sizes = (join.left.estimated_bytes, join.right.estimated_bytes)
        yield FrameWarning(
            "join_without_keys",
            min((one for one in sizes if one is not None), default=0),
            0,
            f"{join.kind} join without keys ({join.shape}) of {join.left} and {join.right}: "
            "every row meets every row.",
            "Join on an equality of columns; for a range, on the equality of its buckets first.",
        )


def partition_warnings(
    partitions: int | None, cores: int, size: int | None, limits: FrameLimits
) -> Iterator[FrameWarning]:
    """Of too many small partitions, or too few large ones; none if either figure is unknown.

    Args:
        partitions: their number.
        cores: tasks that run at the same time.
        size: estimated bytes of the DataFrame.
        limits: the limits.
    """
    if not partitions or size is None:
        return
    each, cores = size / partitions, max(cores, 1)
    figures = f"{partitions} partitions of {shown_bytes(each)} on average, on {cores} cores"
    good = max(cores, -(-size // limits.good_partition))
    most = limits.partitions_per_core * cores
    if partitions > most and each < limits.small_partition:
        text = f"{figures} (limit: {most}, if below {shown_bytes(limits.small_partition)} each): too many."
        yield FrameWarning(
            "many_partitions", partitions, most, text, f"coalesce({good}) before the next step."
        )
    elif each > limits.large_partition or (partitions < cores and each > limits.good_partition):
        most_bytes = limits.large_partition if partitions >= cores else limits.good_partition
        text = f"{figures} (limit: {shown_bytes(most_bytes)} each): too few."
        yield FrameWarning("few_partitions", each, most_bytes, text, f"repartition({good}) after reading.")
