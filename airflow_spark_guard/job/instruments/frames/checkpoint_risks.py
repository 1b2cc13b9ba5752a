"""What a checkpoint can lose, decided on plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

CheckpointKind: TypeAlias = Literal["reliable", "local"]
_FOREVER = "infinity"


@dataclass(frozen=True)
class Cluster:
    """The settings that decide what happens to a local checkpoint.

    Attributes:
        in_driver: the executor is the driver (``local[n]``).
        dynamic: ``spark.dynamicAllocation.enabled``.
        cached_idle: ``spark.dynamicAllocation.cachedExecutorIdleTimeout``.
    """

    in_driver: bool = False
    dynamic: bool = False
    cached_idle: str = _FOREVER


def lost_with_an_executor(kind: CheckpointKind, cluster: Cluster) -> str:
    """What is lost when an executor ends, as a sentence."""
    if kind == "reliable":
        return "Nothing: the rows are in files of the checkpoint directory."
    if cluster.in_driver:
        return "Nothing before the driver itself ends: in local mode it is the only executor."
    return (
        "Its part of the rows: they are in the executors' memory and disks, the lineage is gone, and Spark "
        "cannot compute them again. The next job fails with CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND."
    )


def allocation_warning(kind: CheckpointKind, cluster: Cluster) -> str:
    """What dynamic allocation does to a local checkpoint; empty if nothing."""
    if kind == "reliable" or cluster.in_driver or not cluster.dynamic:
        return ""
    cure = "Set a checkpoint directory (SparkContext.setCheckpointDir)."
    if cluster.cached_idle != _FOREVER:
        return (
            "Dynamic allocation removes an executor that holds the local checkpoint after "
            f"{cluster.cached_idle} idle (spark.dynamicAllocation.cachedExecutorIdleTimeout), and its rows "
            f"with it. {cure}"
        )
    return (
        "Dynamic allocation keeps the executors that hold the local checkpoint while they are idle; one that "
        f"its cluster manager takes away loses its rows. {cure}"
    )
