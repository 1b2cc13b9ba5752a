"""How limits, and observe mode, reach operators and sensors."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG

from airflow_spark_guard import (
    GuardLimits,
    SafeSparkSubmitOperator,
    SparkApplicationSensor,
    SparkExecutorRestartSensor,
)
from airflow_spark_guard.core.errors import LimitError, ProfileError
from airflow_spark_guard.core.limits import checked_limits

OURS = [
    (SafeSparkSubmitOperator, {"application": "/x.py"}),
    (SparkApplicationSensor, {"application": "app-1"}),
    (SparkExecutorRestartSensor, {"application": "app-1"}),
]


@pytest.mark.parametrize(("kind", "more"), OURS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("limits", ["observe", GuardLimits(deadline="2h", on_finding="warn")])
def test_default_args_put_a_whole_dag_into_observe_mode(kind, more, limits):
    """The way a team rolls out."""
    with DAG("d", schedule=None, default_args={"limits": limits, "retries": 2}):
        operator = kind(task_id="t", **more)
    assert checked_limits(operator.limits).observes
    assert operator.retries == 2


@pytest.mark.parametrize(("kind", "more"), OURS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("limits", ["observ", "warn", {"on_finding": "warn"}])
def test_limits_that_are_none_fail_where_the_dag_is_parsed(kind, more, limits):
    """Not in the night, when the task runs."""
    with pytest.raises(LimitError, match=r"^The operator's limits are not valid\."):
        kind(task_id="t", limits=limits, **more)


def test_a_profile_that_is_none_fails_where_the_dag_is_parsed():
    """A template is checked when it is rendered."""
    with pytest.raises(ProfileError, match="strikt"):
        SafeSparkSubmitOperator(task_id="t", application="/x.py", profile="strikt")
    SafeSparkSubmitOperator(task_id="t", application="/x.py", profile="{{ var.value.profile }}")
    SafeSparkSubmitOperator(task_id="t", application="/x.py", profile=None, limits=None)


@pytest.mark.usefixtures("airflow_db")
def test_limits_may_be_a_template_that_names_observe_mode():
    """A variable of Airflow's turns a deployment round."""
    with DAG("d", schedule=None):
        operator = SafeSparkSubmitOperator(task_id="t", application="/x.py", limits="{{ mode }}")
    operator.render_template_fields({"mode": "observe"})
    assert checked_limits(operator.limits).observes
    with DAG("e", schedule=None):
        operator = SafeSparkSubmitOperator(
            task_id="t", application="/x.py", limits=GuardLimits(on_finding="{{ mode }}")
        )
    operator.render_template_fields({"mode": "warn", "task": operator})
    assert operator.limits.observes


@pytest.mark.parametrize(("kind", "more"), OURS[1:], ids=lambda value: getattr(value, "__name__", ""))
def test_a_sensor_follows_the_deployments_option(kind, more, monkeypatch):
    """As a task does."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__ON_FINDING", "warn")
    plan = kind(task_id="t", **more).plan()
    assert plan.observe
    assert plan.windows is None or plan.windows.observe
    assert not kind(task_id="t", limits=GuardLimits(on_finding="end"), **more).plan().observe
