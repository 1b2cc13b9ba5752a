"""Which executor was lost, row by row, with the texts that Spark, YARN and Kubernetes write."""

from __future__ import annotations

import re

import pytest

from airflow_spark_guard.core.watch.executor_loss import REMOVALS, Removal, removal_of, was_lost

POD = """
The executor with id 5 exited with exit code {code}.
The API gave the following brief reason: {reason}
The API gave the following message: {message}

The API gave the following container statuses:

    container name: spark-kubernetes-executor
    container state: terminated
    exit code: {number}
"""


def pod(code="143(SIGTERM)", reason="Terminated", message="N/A"):
    return POD.format(code=code, reason=reason, message=message, number=code.split("(")[0])


@pytest.mark.parametrize(
    "reason",
    [
        "Command exited with code 137",
        "Command exited with code 1",
        "Command exited with code 143",
        "Command exited with code 52",
        "Executor heartbeat timed out after 22647 ms",
        ("Remote RPC client disassociated. Likely due to containers exceeding thresholds, or network issues. "
        "Check driver logs for WARN messages."),
        "Executor Process Lost",
        "Executor killed by TaskReaper.",
        "Executor killed due to a failure of block manager re-registration.",
        "Unable to send heartbeats to driver.",
        ("Container killed by YARN for exceeding physical memory limits. 2.1 GB of 2 GB physical memory used. "
        "Consider boosting spark.executor.memoryOverhead."),
        # ContainerExitStatus.KILLED_EXCEEDED_VMEM (-103): exitCausedByApp is true in YarnAllocator.
        ("Container killed by YARN for exceeding virtual memory limits. 5 GB of 4.2 GB virtual memory used. "
        "Consider boosting spark.executor.memoryOverhead or boosting yarn.nodemanager.vmem-pmem-ratio or "
        "disabling yarn.nodemanager.vmem-check-enabled because of YARN-4714."),
        ("Container from a bad node: container_1 on host: h. Exit status: 143. Possible causes: Unknown executor "
        "exit code (143) (died from signal 15?) Diagnostics: [2026-11-20 10:00:00] Killed by external signal."),
        "Container marked as failed: container_1 on host: h. Exit status: 134.",
        "The executor with id 3 exited with exit code 52(JVM OOM).",
        pod(code="137(SIGKILL, possible container OOM)", reason="N/A"),
        pod(code="143(SIGTERM)"),
        pod(reason="Evicted", message="The node was low on resource: ephemeral-storage. Container spark was using 99Gi."),
        pod(reason="Evicted", message="Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."),
        "Unknown executor exit code (143) (died from signal 15?)",
        "OutOfMemoryError.",
        "",
        "a reason that nobody has read before",
    ],
)  # fmt: skip
def test_an_executor_that_failed_was_lost(reason):
    """Unknown reasons too, and what Spark itself counts against the application."""
    assert removal_of(reason) is Removal.LOST
    assert was_lost(reason)


YARN = "Container marked as failed: container_e1_17_01_000003 on host: node-7. Exit status: {}. Possible causes: Unknown executor exit code ({}) Diagnostics: {}."
# Each row of the table with the texts that it is for.
ROWS = (
    (Removal.ASKED, "Executor killed by driver."),
    (Removal.ASKED, "Executor decommission: spot instance"),
    (Removal.ASKED, "Executor decommission."),
    (Removal.ASKED, "Finished decommissioning"),
    (Removal.ASKED, "worker decommissioned: worker-1"),
    (Removal.ASKED, "Container container_1 exited from explicit termination request."),
    (Removal.ASKED, "Executor for container container_1 exited after Application shutdown."),
    (Removal.ASKED, "Runner thread for executor app-1/3 interrupted"),
    (Removal.ASKED, "java.lang.IllegalStateException: Shutdown in progress"),
    (Removal.TAKEN, "Container container_1 on host: h was preempted."),
    (Removal.TAKEN, "Executor for container c exited because of a YARN event (e.g., preemption) and not because of an error in the running job."),
    (Removal.TAKEN, YARN.format(-105, -105, "Container killed by the ApplicationMaster.")),
    (Removal.TAKEN, YARN.format(-106, -106, "Container killed by the RM")),
    (Removal.TAKEN, YARN.format(-107, -107, "Container killed on application-finish event from RM.")),
    (Removal.NODE, YARN.format(-100, -100, "Container released on a *lost* node")),
    (Removal.NODE, "Container marked as failed: c on host: h. Exit status: -100. Diagnostics: Container released on a *lost* node."),
    (Removal.NODE, YARN.format(-101, -101, "1/1 local-dirs turned bad")),
    (Removal.TAKEN, "The executor with id 3 was deleted by a user or the framework."),
    (Removal.NODE, "The executor with ID 7 (registered at 1700000000000 ms) was not found in the cluster at the polling time (1700000060000 ms) which is after the accepted detect delta time (30000 ms) configured by `spark.kubernetes.executor.missingPodDetectDelta`. The executor may have been deleted but the driver missed the deletion event. Marking this executor as failed."),
    (Removal.NODE, "The executor with ID 7 was not found in the cluster but we didn't get a reason why. Marking the executor as failed. The executor may have been deleted but the driver missed the deletion event."),
    (Removal.NODE, pod(message="Pod was terminated in response to imminent node shutdown.")),
    (Removal.NODE, pod(reason="Shutdown", message="Node is shutting, evicting pods")),
    (Removal.NODE, pod(reason="NodeShutdown", message="Pod was rejected as the node is shutting down.")),
    (Removal.NODE, pod(reason="NodeLost", message="Node gke-7 which was running pod spark-exec-5 is unresponsive")),
    (Removal.TAKEN, pod(reason="Preempting", message="Preempted in order to admit critical pod")),
    (Removal.TAKEN, pod(reason="N/A", message="default-scheduler: preempting to accommodate a higher priority pod")),
    (Removal.NODE, "Worker shutting down"),
    (Removal.NODE, "worker lost: Not receiving heartbeat for 60 seconds"),
    (Removal.NODE, "worker lost: 10.0.0.1:7078 got disassociated"),
    (Removal.NODE, "Command exited with code 53"),
    (Removal.NODE, "Command exited with code 56"),
    (Removal.NODE, "Command exited with code 58"),
    (Removal.TAKEN, "Command exited with code 0"),
    (Removal.TAKEN, pod(code="0(success)", reason="Completed")),
)  # fmt: skip


@pytest.mark.parametrize(("removal", "reason"), ROWS)
def test_an_executor_that_left_through_no_fault_of_the_job(removal, reason):
    """Dynamic allocation, decommission, a node that goes away, and what the cluster takes back."""
    assert removal_of(reason) is removal
    assert was_lost(reason) == (removal is Removal.NODE)


def test_every_row_is_needed_by_a_text_and_names_its_source():
    """No row without a text that it alone explains."""

    used = set()
    for _, reason in ROWS:
        used.add(
            next(
                i
                for i, row in enumerate(REMOVALS)
                if re.search(row.pattern, reason, re.IGNORECASE | re.DOTALL)
            )
        )
    assert used == set(range(len(REMOVALS)))
    assert all(row.source for row in REMOVALS)


def test_a_code_that_only_begins_like_one_in_the_table_is_a_loss():
    """530 is not 53, and -1000 (INVALID) is not -100."""
    assert removal_of("Command exited with code 530") is Removal.LOST
    assert removal_of(YARN.format(-1000, -1000, "x")) is Removal.LOST
