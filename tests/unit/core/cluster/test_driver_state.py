"""The state of a driver in the answers of a standalone master."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.cluster.driver_state import driver_state


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ('{\n  "action" : "SubmissionStatusResponse",\n  "driverState" : "FAILED",\n}', "FAILED"),
        ('{"driverState":"FINISHED","submissionId":"driver-1"}', "FINISHED"),
        ('"driverState" : "RUNNING"\n"driverState" : "KILLED"', "KILLED"),
        ("26/01/01 INFO RestSubmissionClient: State of driver driver-1 is now RUNNING.", "RUNNING"),
        ('{"driverState":"GONE"}', "UNKNOWN"),
        ('{"driverState":""}', "UNKNOWN"),
        ('{"success" : false, "submissionId" : "driver-1"}', "UNKNOWN"),
        ("", None),
        ("<html>driverState FINISHED</html>", None),
        ("curl: (7) Failed to connect", None),
    ],
)
def test_only_the_masters_own_word_is_a_state(answer, state):
    """Whatever else it may say is no success."""
    assert driver_state(answer) == state
