"""Short JSON of dataclasses."""

from __future__ import annotations

from airflow_spark_guard.core.watch import recorded
from airflow_spark_guard.core.watch.observation import DriverView, Inside, Observation, Stage, TaskHeartbeat
from airflow_spark_guard.core.watch.sparse import sparse


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
    assert sparse(seen) == {"at": 1.0, "driver": {"jobs": 0, "stages": [row]}, "inside": {"jobs": 1}}


def test_what_was_written_is_read_again():
    """Heartbeats of tasks as well."""
    seen = Observation(at=1.0, task_heartbeats=(TaskHeartbeat("0", None, "x"), TaskHeartbeat("1", 3, "y")))
    assert recorded.observation(sparse(seen)) == seen
