import json
from dataclasses import replace

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.status import ClusterState, ClusterStatus
from airflow_spark_guard.core.cluster.trigger_event import ending_of, event_of, watched_by
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import TriggerEventError
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

FINAL = ClusterStatus(ClusterState.SUCCEEDED, "application_1_2", exit_code=0)
FINDING = Finding(Verdict.STARVED, "It waits.", limit=300.0, reached_at=301.0)
JOB = ClusterJob("application_1_2", "bb", 1000.0, 4600.0, 300.0, 60.0)
PLACE = Yarn(("http://rm:8088",))


def told(step):
    return event_of(step, JOB, PLACE)


def test_an_event_says_what_was_watched():
    """The task's own arguments go first."""
    event = json.loads(json.dumps(told(Step(final=FINAL))))
    assert watched_by(event) == (JOB, PLACE)
    other = replace(JOB, application_id="application_1_3")
    assert watched_by(event, job=other.to_json(), place=None) == (other, PLACE)
    assert watched_by(None, job=JOB.to_json(), place=PLACE.to_json()) == (JOB, PLACE)


@pytest.mark.parametrize("event", [None, "x", {}, {"job": {"x": 1}, "place": {}}, {"job": 3, "place": 4}])
def test_an_event_may_not_say_it(event):
    """Nothing is guessed."""
    assert watched_by(event) is None


@pytest.mark.parametrize("step", [Step(final=FINAL), Step(finding=FINDING)], ids=["final", "finding"])
def test_an_event_survives_its_way(step):
    """As JSON, from the triggerer to a worker."""
    ending = ending_of(json.loads(json.dumps(told(step))))
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
        {**told(Step(final=FINAL)), "finding": told(Step(finding=FINDING))["finding"]},
    ],
)
def test_anything_else_is_refused(event):
    """It is never taken for a success."""
    with pytest.raises(TriggerEventError, match="The trigger's event cannot be understood"):
        ending_of(event)


def test_what_was_observed_comes_along():
    """The resumed task pushes it; a trigger of an older version sends none."""
    event = json.loads(json.dumps(event_of(Step(final=FINAL), JOB, PLACE, (FINDING,))))
    assert ending_of(event).observed == (FINDING,)
    del event["observed"]
    assert ending_of(event).observed == ()
    with pytest.raises(TriggerEventError):
        ending_of({**event, "observed": [{"verdict": "NICE"}]})
