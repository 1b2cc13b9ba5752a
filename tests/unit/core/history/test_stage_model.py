"""A stage of which nothing is known."""

from dataclasses import fields

from airflow_spark_guard.core.history.stage_model import StageHistory

COUNTED = {"stage", "attempt", "tasks", "done", "failed", "killed"}


def test_what_is_not_known_is_none_or_empty_and_never_zero():
    stage = StageHistory(3, 0)
    for field in fields(stage):
        if field.name not in COUNTED:
            assert not isinstance(getattr(stage, field.name), int | float), field.name
