"""JSON that 0.7.0 has stored is read, and written again as it was: deferred tasks and records outlive an upgrade."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
from airflow_spark_guard.core.cluster.cluster_watch import Step
from airflow_spark_guard.core.cluster.managers import manager_from_json
from airflow_spark_guard.core.cluster.trigger_event import ending_of, event_of, watched_by
from airflow_spark_guard.core.event import event_of as sensor_event
from airflow_spark_guard.core.event import read_event
from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.core.remote.outcome import Outcome
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.remote_watch import Memory
from airflow_spark_guard.core.watch.observation import Observation
from tests.support.paths import DATA

SAMPLES = json.loads((DATA / "stored" / "0.7.0.json").read_text())
KINDS = {kind.__name__: kind for kind in (ClusterJob, Plan, Memory, Observation, Takeover)}

KUBERNETES = {"namespace", "container", "token_file", "kubeconfig"}


# A newer version writes them too; what was stored without them has their defaults.
ADDED = {"gone_chosen": False}


def text(value):
    return json.dumps(value)


def as_before(value):
    """Without the fields that were added since, which have their defaults."""
    if isinstance(value, dict):
        return {key: as_before(one) for key, one in value.items() if ADDED.get(key, ...) != one}
    return [as_before(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "sample"), [(name, row) for name in KINDS for row in SAMPLES[name]])
def test_what_was_stored_is_written_as_it_was(name, sample):
    """Byte for byte."""
    assert text(as_before(KINDS[name].from_json(sample).to_json())) == text(sample)


@pytest.mark.parametrize("sample", SAMPLES["ClusterPlace"])
def test_a_manager_that_was_stored_is_the_same(sample):
    """It had the fields of all managers, and those of another one were empty."""
    found = manager_from_json(sample).to_json()
    assert {**sample, **found} == sample
    assert {name for name in sample if name not in found} == {
        name for name in sample if name in ({"user"} if sample["manager"] == "kubernetes" else KUBERNETES)
    }


@pytest.mark.parametrize("sample", SAMPLES["Outcome"])
def test_a_sensors_event_is_the_same(sample):
    assert sensor_event(read_event(Outcome, sample)) == sample


@pytest.mark.parametrize("sample", SAMPLES["ClusterEvent"])
def test_an_event_of_a_cluster_is_the_same(sample):
    ending, watched = ending_of(sample), watched_by(sample)
    found = event_of(Step(final=ending.final, finding=ending.finding), *watched, ending.observed)
    assert {**found, "place": None} == {**sample, "place": None}


def test_a_recorded_observation_is_written_as_it_was():
    """Byte for byte; log addresses were taken out of the traces by hand."""
    lines = [
        line
        for path in sorted((DATA / "traces").glob("*.jsonl"))
        for line in path.read_text().splitlines()[1:-1]
    ]
    assert len(lines) > 1000
    for line in lines:
        plain = line.replace('"stderr_url": "", ', "").replace(', "stderr_url": ""', "")
        assert text(Observation.from_json(json.loads(line)).to_json()) == plain
