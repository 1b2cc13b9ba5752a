import pytest

from airflow_spark_guard.core.watch.executor_loss import is_bad_removal


@pytest.mark.parametrize(
    "reason",
    [
        "Command exited with code 137",
        "Command exited with code 1",
        "Executor heartbeat timed out after 22647 ms",
        "Remote RPC client disassociated. Likely due to containers exceeding thresholds, or network issues.",
        "Executor Process Lost",
        "Worker shutting down",
        "worker lost: 10.0.0.1:7078",
        "Executor killed by TaskReaper.",
        "Executor killed due to a failure of block manager re-registration.",
        "Unable to send heartbeats to driver.",
        "Container killed by YARN for exceeding physical memory limits.",
        "Container marked as failed: container_1 on host: h. Exit status: 134.",
        "The executor with id 3 exited with exit code 52(JVM OOM).",
        "Unknown executor exit code (143) (died from signal 15?)",
        "OutOfMemoryError.",
        "",
        "a reason that nobody has read before",
    ],
)
def test_an_executor_that_ended_against_the_drivers_will_was_lost(reason):
    """Unknown reasons too."""
    assert is_bad_removal(reason)


@pytest.mark.parametrize(
    "reason",
    [
        "Executor killed by driver.",
        "Executor decommission: spot instance",
        "Executor decommission.",
        "Finished decommissioning",
        "worker decommissioned: worker-1",
        "Container container_1 exited from explicit termination request.",
        "Container container_1 on host: h was preempted.",
        "Executor for container c exited because of a YARN event (e.g., preemption) and not because of an error",
        "The executor with id 3 was deleted by a user or the framework.",
        "Runner thread for executor app-1/3 interrupted",
        "Command exited with code 0",
    ],
)
def test_an_executor_that_was_given_back_was_not_lost(reason):
    """Dynamic allocation, decommission, and what the cluster takes back in order."""
    assert not is_bad_removal(reason)
