"""Observations read back from a record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_spark_guard.core.watch import recorded
from airflow_spark_guard.core.watch.observation import ExecutorExit, Master, Observation
from tests.unit.core.watch.watched import BLOCKED, EXECUTOR, INSIDE, PYTHON_THREAD, STAGE, lost, running


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
    assert recorded.observation(seen.to_json()) == seen
    assert recorded.observation(Observation(at=1.0).to_json()) == Observation(at=1.0)
    with pytest.raises(TypeError):
        recorded.observation({"at": 1.0, "nonsense": 2})
