"""Attempts in Airflow's own metrics."""

import contextlib

import pytest
from airflow.providers.common.compat.sdk import Stats

from airflow_spark_guard.core.errors import ArgumentError, StalledError
from airflow_spark_guard.task.metrics import BAD_INPUT, SUCCESS, count, counting, outcome
from tests.support.reports import SUMMARY, write_record
from tests.support.task_instance import TaskInstance

TAGS = {"dag_id": "d", "task_id": "sensor"}


class Backend:
    """What Airflow hands to StatsD, Datadog or OpenTelemetry."""

    def __init__(self):
        self.sent = []

    def incr(self, stat, count=1, *_, tags=None):
        self.sent.append((stat, count, tags))

    def timing(self, stat, dt, *, tags=None):
        self.sent.append((stat, dt.total_seconds(), tags))


@pytest.fixture
def backend():
    """Airflow's metrics with another back end; off again afterwards."""
    made = Backend()
    Stats.initialize(factory=lambda: made, export_legacy_names=False)
    yield made
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger

    Stats.initialize(factory=NoStatsLogger, export_legacy_names=False)


def test_the_outcome_is_the_verdict():
    assert outcome(None) == SUCCESS
    assert outcome(StalledError("It stood still.")) == "STALLED"
    assert outcome(ArgumentError("No.")) == BAD_INPUT


def test_an_attempt_is_counted_with_its_verdict_and_its_times(backend, tmp_path):
    count(StalledError("x"), {"ti": TaskInstance()}, write_record(tmp_path, SUMMARY))
    tags = {"verdict": "STALLED", **TAGS}
    assert backend.sent == [
        ("spark_guard.attempts", 1, tags),
        ("spark_guard.attempt_seconds", 90.0, tags),
        ("spark_guard.detection_seconds", 10.0, tags),
    ]


COST = {"held_core_s": 100.0, "idle_core_s": 30.4, "thrown_away_core_s": 69.5, "executor_losses": 3}


def costs(backend):
    return [
        (name, number)
        for name, number, _ in backend.sent
        if name.split(".")[1] in {"executor_losses", "wasted_core_seconds"}
    ]


def test_losses_and_waste_are_counted_with_the_tags_of_the_attempt(backend, tmp_path):
    """Counters of back ends are whole numbers."""
    count(StalledError("x"), {"ti": TaskInstance()}, write_record(tmp_path, SUMMARY | {"cost": COST}))
    tags = {"verdict": "STALLED", **TAGS}
    assert backend.sent[-2:] == [
        ("spark_guard.executor_losses", 3, tags),
        ("spark_guard.wasted_core_seconds", 100, tags),
    ]


def test_nothing_wasted_is_known_to_be_nothing(backend, tmp_path):
    cost = COST | {"idle_core_s": 0.0, "thrown_away_core_s": 0.0, "executor_losses": 0}
    count(None, {}, write_record(tmp_path, SUMMARY | {"cost": cost}))
    assert costs(backend) == [("spark_guard.executor_losses", 0), ("spark_guard.wasted_core_seconds", 0)]


@pytest.mark.parametrize(
    ("cost", "sent"),
    [
        (None, []),
        ("a lot", []),
        ({}, []),
        (COST | {"idle_core_s": -1.0}, [("spark_guard.executor_losses", 3)]),
        (COST | {"held_core_s": "100"}, [("spark_guard.executor_losses", 3)]),
        (COST | {"executor_losses": -1}, [("spark_guard.wasted_core_seconds", 100)]),
        (COST | {"executor_losses": True}, [("spark_guard.wasted_core_seconds", 100)]),
    ],
)
def test_what_is_not_known_is_not_sent(backend, tmp_path, cost, sent):
    """A summary of an older version, or of any content; the times of the attempt are sent all the same."""
    count(None, {}, write_record(tmp_path, SUMMARY | {"cost": cost}))
    assert costs(backend) == sent
    assert "spark_guard.attempt_seconds" in [name for name, *_ in backend.sent]


def test_a_success_has_no_detection(backend, tmp_path):
    summary = SUMMARY | {"limit_reached_at_s": None}
    count(None, {"ti": TaskInstance()}, write_record(tmp_path, summary))
    assert [name for name, *_ in backend.sent] == ["spark_guard.attempts", "spark_guard.attempt_seconds"]


def test_without_a_record_the_attempt_is_counted(backend):
    count(None, {}, None)
    assert backend.sent == [("spark_guard.attempts", 1, {"verdict": "SUCCESS"})]


def test_a_back_end_that_fails_harms_nothing(backend, tmp_path):
    backend.incr = None
    count(None, {"ti": TaskInstance()}, None)
    count(None, {"ti": TaskInstance()}, tmp_path / "no record")
    assert backend.sent == []


def test_a_record_that_cannot_be_read_costs_its_times_alone(backend, tmp_path):
    count(None, {"ti": TaskInstance()}, tmp_path / "none")
    assert [name for name, *_ in backend.sent] == ["spark_guard.attempts"]


@pytest.mark.parametrize(
    ("raised", "verdicts"),
    [(None, ["SUCCESS"]), (StalledError("x"), ["STALLED"]), (KeyboardInterrupt(), []), (ValueError(), [])],
)
def test_an_attempt_counts_once_it_is_over(backend, raised, verdicts):
    """A deferral leaves it by an exception of Airflow's own."""
    with contextlib.suppress(StalledError, KeyboardInterrupt, ValueError), counting({}, None):
        if raised is not None:
            raise raised
    assert [tags["verdict"] for _, _, tags in backend.sent] == verdicts
