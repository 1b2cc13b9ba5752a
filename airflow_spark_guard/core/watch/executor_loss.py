"""Classifies why an executor is gone, by Spark's reason: one table, each row with its source in Spark.

The sources are those of Spark 4.2; the older forms of 3.5 and 4.0 match as well. The rows follow Spark's own
``exitCausedByApp``: what Spark does not count against the application does not count here either.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple


class Removal(StrEnum):
    """What caused the removal of an executor."""

    LOST = "lost"
    """It failed, or the reason is not in the table: this counts against the job."""
    NODE = "node"
    """Its node, or the daemon that ran it, went away: not the application's fault."""
    TAKEN = "taken"
    """The cluster removed it: preempted, deleted, ended by the resource manager."""
    ASKED = "asked"
    """The driver removed it: dynamic allocation, decommission, the end of the application."""


AGAINST_WILL: Final = frozenset({Removal.LOST, Removal.NODE})
"""The executor was lost: neither the driver nor the cluster removed it."""


class RemovalRow(NamedTuple):
    """One row.

    Attributes:
        removal: the cause.
        pattern: searched in the reason, ignoring case.
        source: the code of Spark, Hadoop or Kubernetes that writes it.
    """

    removal: Removal
    pattern: str
    source: str


# The first row that matches decides.
REMOVALS: Final = (
    RemovalRow(Removal.ASKED, r"killed by driver", "core ExecutorLossReason.scala ExecutorKilled"),
    RemovalRow(
        Removal.ASKED,
        r"decommission",
        "core ExecutorLossReason.scala ExecutorDecommission, deploy/master/Master.scala removeWorker",
    ),
    RemovalRow(
        Removal.ASKED, r"explicit termination request", "yarn YarnAllocator.scala processCompletedContainers"
    ),
    RemovalRow(
        Removal.ASKED,
        r"exited after application shutdown",
        "yarn YarnAllocator.scala processCompletedContainers",
    ),
    RemovalRow(
        Removal.ASKED,
        r"runner thread for executor \S+ interrupted",
        "core deploy/worker/ExecutorRunner.scala: the master ordered it",
    ),
    RemovalRow(
        Removal.ASKED,
        r"IllegalStateException: Shutdown in progress",
        "core deploy/worker/ExecutorRunner.scala: the JVM of a local-cluster goes down",
    ),
    RemovalRow(
        Removal.TAKEN,
        r"was preempted|\(e\.g\., preemption\)",
        "yarn YarnAllocator.scala, ContainerExitStatus.PREEMPTED (-102) and SUCCESS",
    ),
    RemovalRow(
        Removal.TAKEN,
        r"container marked as failed: .{0,300}?exit status: -10[2-9]\b",
        "yarn YarnAllocator.scala NOT_APP_AND_SYSTEM_FAULT_EXIT_STATUS: -105, -106, -107",
    ),
    RemovalRow(
        Removal.NODE,
        r"container marked as failed: .{0,300}?exit status: -10[01]\b",
        "yarn YarnAllocator.scala NOT_APP_AND_SYSTEM_FAULT_EXIT_STATUS: ABORTED (-100: lost node), "
        "DISKS_FAILED (-101)",
    ),
    RemovalRow(
        Removal.TAKEN,
        r"deleted by a user or the framework",
        "kubernetes ExecutorPodsLifecycleManager.scala findExitReason: drained, evicted, preempted",
    ),
    RemovalRow(
        Removal.NODE,
        r"was not found in the cluster\b.{0,400}?missed the deletion event",
        "kubernetes ExecutorPodsLifecycleManager.scala onNewSnapshots",
    ),
    RemovalRow(
        Removal.NODE,
        r"imminent node shutdown|node is shutting(?: down)?\b",
        "Kubernetes pkg/kubelet/nodeshutdown, in the pod's message or reason",
    ),
    RemovalRow(
        Removal.NODE,
        r"brief reason: (?:NodeShutdown|NodeLost|Shutdown|TerminationByKubelet)\b"
        r"|node \S+ which was running pod \S+ is unresponsive",
        "Kubernetes pkg/kubelet/nodeshutdown, pkg/util/node NodeUnreachablePodReason",
    ),
    RemovalRow(
        Removal.TAKEN,
        r"brief reason: (?:Preempting|PreemptionByScheduler|DeletionByTaintManager|DeletionByPodGC"
        r"|EvictionByEvictionAPI)\b|preempted (?:in order )?to admit critical pod"
        r"|preempting to accommodate a higher priority pod",
        "Kubernetes pkg/kubelet/preemption, pkg/scheduler preemption, PodDisruptionConditions",
    ),
    RemovalRow(Removal.NODE, r"worker shutting down", "core deploy/worker/ExecutorRunner.scala"),
    RemovalRow(
        Removal.NODE,
        r"\bworker lost\b",
        "core deploy/master/Master.scala removeWorker; ExecutorProcessLost(causedByApp = false)",
    ),
    RemovalRow(
        Removal.NODE,
        r"command exited with code 5[368]\b",
        "core StandaloneSchedulerBackend.scala executorRemoved: HEARTBEAT_FAILURE (56), "
        "BLOCK_MANAGER_REREGISTRATION_FAILED (58), DISK_STORE_FAILED_TO_CREATE_DIR (53)",
    ),
    RemovalRow(
        Removal.TAKEN,
        r"exited with (?:exit )?code 0\b",
        "core deploy/worker/ExecutorRunner.scala, kubernetes PodSucceeded: the JVM ended in order",
    ),
)
_ROWS = tuple((row.removal, re.compile(row.pattern, re.IGNORECASE | re.DOTALL)) for row in REMOVALS)
_LONGEST = 4000


@lru_cache(maxsize=4096)
def removal_of(reason: str) -> Removal:
    """The cause of a removal for this reason (Spark's text, untrusted).

    No reason counts as a loss, and so does an unknown one: a false "not counted" would hide a loss.
    """
    text = reason[:_LONGEST]
    return next((removal for removal, pattern in _ROWS if pattern.search(text)), Removal.LOST)


def was_lost(reason: str) -> bool:
    """Whether an executor that is gone for this reason was lost: not removed on purpose.

    The limit of a job counts only ``Removal.LOST``: a node that goes away is not the fault of its code.
    """
    return removal_of(reason) in AGAINST_WILL
