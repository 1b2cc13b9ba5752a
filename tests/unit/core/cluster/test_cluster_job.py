import json
from dataclasses import replace

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob, may_go_on
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus

JOB = ClusterJob("application_1_2", "bb", 1000.0, 4600.0, 300.0, 60.0, channel="file:///x")


def test_a_job_survives_json():
    """It is stored while the task is deferred."""
    assert ClusterJob.from_json(json.loads(json.dumps(JOB.to_json()))) == JOB
    assert JOB.has_launcher


def test_its_limits_are_its_own():
    """The deadline is a moment, not a span."""
    limits = JOB.limits
    assert (limits.submitted_at, limits.start, limits.deadline, limits.exit) == (1000.0, 300.0, 3600.0, 60.0)


@pytest.mark.parametrize(
    ("fields", "now", "goes_on"),
    [
        ({}, 1100.0, True),
        ({}, 1300.0, False),
        ({"started_at": 1010.0}, 1300.0, True),
        ({"started_at": 1010.0}, 4600.0, False),
        ({"attempt": ""}, 1100.0, False),
        ({"submitted_at": None}, 1100.0, False),
    ],
)
def test_what_is_ours_and_has_time_left_may_be_taken_over(fields, now, goes_on):
    """What has used up its budget is ended, or each retry would fail at once."""
    given = {"attempt": "bb", "submitted_at": 1000.0, **fields}
    status = ClusterStatus(ClusterState.WAITING, "application_1_2", **given)
    assert may_go_on(status, now, start=300.0, run=3600.0) is goes_on


def test_a_job_of_observe_mode_has_no_end_but_airflows_own():
    """And its watch no limit that ends it."""
    assert JOB.ends_at == 4600.0
    observed = replace(JOB, observe=True)
    assert observed.ends_at is None
    assert replace(observed, last_at=9000.0).ends_at == 9000.0
    assert (observed.limits.observe, observed.limits.last_at) == (True, None)
    assert ClusterJob.from_json(json.loads(json.dumps(observed.to_json()))) == observed
