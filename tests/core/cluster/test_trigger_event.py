import json

import pytest

from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import ending_of, event_of
from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

FINAL = ClusterStatus(ClusterState.SUCCEEDED, "application_1_2", exit_code=0)
FINDING = Finding(Verdict.STARVED, "It waits.", limit=300.0, reached_at=301.0)


@pytest.mark.parametrize("step", [Step(final=FINAL), Step(finding=FINDING)], ids=["final", "finding"])
def test_an_event_survives_its_way(step):
    """As JSON, from the triggerer to a worker."""
    ending = ending_of(json.loads(json.dumps(event_of(step))))
    assert (ending.final, ending.finding) == (step.final, step.finding)


@pytest.mark.parametrize(
    "event",
    [
        None,
        "done",
        {},
        {"v": 2},
        {"v": 1},
        {"v": 1, "final": None, "finding": None},
        {"v": 1, "final": {"state": "NICE"}, "finding": None},
        {"v": 1, "final": None, "finding": {"verdict": "NICE"}},
        {"v": 1, "final": None, "finding": ["x"]},
        {**event_of(Step(final=FINAL)), "finding": event_of(Step(finding=FINDING))["finding"]},
    ],
)
def test_anything_else_is_refused(event):
    """It is never taken for a success."""
    with pytest.raises(ProtocolError, match="does not say how the application ended"):
        ending_of(event)
