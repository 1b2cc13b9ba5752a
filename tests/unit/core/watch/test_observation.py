"""One look at an attempt, as plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch.observation import (
    DriverView,
    ExecutorExit,
    Inside,
    Master,
    Observation,
    Stage,
    TaskHeartbeat,
)
from tests.unit.core.watch.watched import BLOCKED, EXECUTOR, INSIDE, PYTHON_THREAD, STAGE, lost, running


def test_an_attempt_of_a_stage_has_a_key_of_its_own():
    """A stage that is tried again is another stage to the watchdog."""
    assert STAGE.key == (3, 0)


def test_a_line_of_the_record_holds_what_was_seen_and_no_defaults():
    """A record has thousands of them."""
    seen = Observation(at=1.5, driver=running(jobs=2), readings=(BLOCKED,))
    assert seen.to_json().keys() == {"at", "driver", "readings"}
    assert Observation(at=0.0).to_json() == {"at": 0.0}


def test_an_observation_survives_its_record():
    """As JSON and back."""
    seen = Observation(
        at=3.5,
        driver=running(executors=(EXECUTOR, *lost("4"))),
        inside=replace(INSIDE, stages=(STAGE,)),
        readings=(BLOCKED, PYTHON_THREAD),
        master=Master(known=True, waiting=False, workers=((1, 2, 3, 4),)),
        blind="",
        executor_exits=2,
        exits=(ExecutorExit("7", "h", "code 1", 3.0, 1.0), ExecutorExit("8")),
    )
    assert Observation.from_json(seen.to_json()) == seen
    assert Observation.from_json(Observation(at=1.0).to_json()) == Observation(at=1.0)
    with pytest.raises(ValueError, match="'nonsense' is unknown"):
        Observation.from_json({"at": 1.0, "nonsense": 2})


def test_what_has_its_default_is_left_out():
    """At every depth; what has no default stays."""
    stage = Stage(stage=3, attempt=0, tasks=2, active=1, done=0, failed=0, launched=True, sql="aa")
    seen = Observation(at=1.0, driver=DriverView(jobs=0, stages=(stage,)), inside=Inside(jobs=1))
    row = {
        "stage": 3,
        "attempt": 0,
        "tasks": 2,
        "active": 1,
        "done": 0,
        "failed": 0,
        "launched": True,
        "sql": "aa",
    }
    assert seen.to_json() == {"at": 1.0, "driver": {"jobs": 0, "stages": [row]}, "inside": {"jobs": 1}}


def test_what_was_written_is_read_again():
    """Heartbeats of tasks as well."""
    seen = Observation(at=1.0, task_heartbeats=(TaskHeartbeat("0", None, "x"), TaskHeartbeat("1", 3, "y")))
    assert Observation.from_json(seen.to_json()) == seen
