"""The event that wakes a task: alike for both triggers."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.trigger_event import ending_of
from airflow_spark_guard.core.cluster.trigger_event import event_of as cluster_event
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import TriggerEventError
from airflow_spark_guard.core.event import event_of, read_event
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

FINDING = Finding(Verdict.STARVED, "It waits.", limit=300.0, reached_at=301.0)
JOB = ClusterJob("application_1_2", "bb", 1000.0, 4600.0, 300.0, 60.0)
PLACE = Yarn(("http://rm:8088",))


def of_a_sensor(event):
    return read_event(Outcome, event)


READERS = [
    pytest.param(cluster_event(Step(finding=FINDING), JOB, PLACE), ending_of, id="cluster"),
    pytest.param(event_of(Outcome.of(FINDING, Memory())), of_a_sensor, id="sensor"),
]


@pytest.mark.parametrize(("event", "read"), READERS)
def test_a_finding_comes_whole_out_of_both_events(event, read):
    """As JSON, from the triggerer to a worker."""
    assert event["v"] == 1
    assert read(json.loads(json.dumps(event))).finding == FINDING


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda _: None, "it has no version, or another one"),
        (lambda _: "done", "it has no version, or another one"),
        (lambda _: {}, "it has no version, or another one"),
        (lambda event: {**event, "v": 2}, "it has no version, or another one"),
        (lambda event: {**event, "v": True}, "it has no version, or another one"),
        (lambda event: {**event, "new": 1}, "'new' is unknown"),
        (lambda event: {**event, "finding": None}, "it (is of kind finding, but has the fields of another kind|needs a final status or a finding)"),
        (lambda event: {**event, "finding": {**event["finding"], "verdict": "NICE"}}, "finding.verdict: 'NICE'"),
        (lambda event: {**event, "finding": {**event["finding"], "stages": ["1"]}}, r"finding.stages\[0\]: '1'"),
        (lambda event: {**event, "finding": {**event["finding"], "limit": float("nan")}}, "finding.limit: nan"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("event", "read"), READERS)
def test_a_broken_event_fails_loudly_and_alike(event, read, change, problem):
    """It is never taken for a good end; the error names the place and says what to do."""
    with pytest.raises(
        TriggerEventError, match=f"^The trigger's event cannot be understood: {problem}"
    ) as caught:
        read(change(event))
    assert len(caught.value.got) <= 300
    assert "clear the task" in caught.value.advice
