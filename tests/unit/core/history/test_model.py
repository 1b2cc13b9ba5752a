"""The model of an application: what is not known, and what it exports."""

from dataclasses import fields

import pytest

from airflow_spark_guard.core.history import model
from airflow_spark_guard.core.history.model import (
    ApplicationHistory,
    ExecutorHistory,
    JobHistory,
    Sample,
    SqlHistory,
)


@pytest.mark.parametrize(
    "nothing",
    [ApplicationHistory(), ExecutorHistory("1", cores=2), JobHistory(3), Sample(at=5.0), SqlHistory(7)],
)
def test_what_is_not_known_is_none_or_empty_and_never_zero(nothing):
    for field in fields(nothing)[1:]:
        value = getattr(nothing, field.name)
        assert value is None or not isinstance(value, int | float) or field.name == "cores"


def test_a_stage_is_part_of_it():
    assert sorted(model.__all__) == model.__all__
    assert {"StageHistory", "TaskHistory", "Spread"} <= set(model.__all__)
