"""What a DAG's file says already is checked where it is parsed."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException

from airflow_spark_guard import (
    GuardLimits,
    SafeSparkSubmitOperator,
    SparkApplicationSensor,
    SparkExecutorRestartSensor,
    SparkProfile,
)
from airflow_spark_guard.core import errors


def operator_of_a_dag(kind=SafeSparkSubmitOperator, default_args=None, **kwargs):
    given = {"application": "a.py", **kwargs} if kind is SafeSparkSubmitOperator else kwargs
    with DAG("parsed", schedule=None, default_args=default_args or {}):
        return kind(task_id="t", **given)


@pytest.mark.parametrize("way", ["argument", "default_args"])
@pytest.mark.parametrize(
    ("given", "kind", "advice"),
    [
        ({"profile": "ml_training"}, errors.ProfileError, "Did you mean 'ml-training'?"),
        ({"profile": "fast"}, errors.ProfileError, "Use one of them, or leave it out."),
        ({"profile": 5}, errors.ProfileError, "Use one of them, or leave it out."),
        ({"limits": {"dedline": "2h"}}, errors.LimitError, "Did you mean 'deadline'?"),
        ({"limits": {"deadline": "2h"}}, errors.LimitError, "Write GuardLimits(deadline=...)."),
        (
            {"limits": "2h"},
            errors.LimitError,
            "Use a GuardLimits object (templates go into its fields), or one of the names.",
        ),
        (
            {"verbosity": "loud"},
            errors.ArgumentError,
            "Fix the value; of a template, check the rendered field in the task's details.",
        ),
        (
            {"verbosity": 4},
            errors.ArgumentError,
            "Fix the value; of a template, check the rendered field in the task's details.",
        ),
    ],
)
def test_a_mistyped_profile_or_limit_fails_where_the_dag_is_parsed(way, given, kind, advice):
    """Not in the night when the task runs; as Airflow's own error too."""
    with pytest.raises(AirflowException) as caught:
        operator_of_a_dag(**(given if way == "argument" else {"default_args": given}))
    assert isinstance(caught.value, kind)
    assert caught.value.advice == advice


@pytest.mark.parametrize("kind", [SparkApplicationSensor, SparkExecutorRestartSensor])
def test_limits_of_a_sensor_fail_there_too(kind):
    """They are the same limits."""
    with pytest.raises(AirflowException, match="^The operator's limits are not valid"):
        operator_of_a_dag(kind, limits="2h")


@pytest.mark.parametrize(
    "given",
    [
        {"profile": "{{ params.profile }}", "limits": "{{ params.limits }}"},
        {"profile": None, "limits": None, "verbosity": None},
        {"verbosity": "{{ params.verbosity }}"},
        {"verbosity": 3},
        {"profile": "strict", "limits": GuardLimits(deadline="{{ params.deadline }}")},
        {"profile": SparkProfile("{{ params.profile }}")},
    ],
)
def test_templates_are_left_to_the_task(given):
    """Only it can render them."""
    assert operator_of_a_dag(**given).task_id == "t"
    assert operator_of_a_dag(default_args=given).task_id == "t"


def test_the_result_of_another_task_is_left_to_the_task():
    """An XComArg is no value yet."""
    with DAG("parsed", schedule=None):
        first = SafeSparkSubmitOperator(task_id="first", application="a.py")
        second = SafeSparkSubmitOperator(
            task_id="second",
            application="a.py",
            profile=first.output,
            limits=first.output,
            verbosity=first.output,
        )
    assert second.limits is not None


@pytest.mark.filterwarnings("ignore:.*was never mapped")
@pytest.mark.parametrize("way", ["argument", "default_args", "the DAG's default_args"])
@pytest.mark.parametrize("given", [{"profile": "fast"}, {"limits": {"dedline": "2h"}}, {"verbosity": 4}])
def test_a_mapped_task_is_checked_there_too(way, given):
    """Its operator is made when it runs, long after."""
    arguments = {"argument": given, "default_args": {"default_args": given}}.get(way, {})
    with (
        DAG("parsed", schedule=None, default_args={} if arguments else given),
        pytest.raises(AirflowException) as caught,
    ):
        SafeSparkSubmitOperator.partial(task_id="t", application="a.py", **arguments)
    assert isinstance(caught.value, errors.BadInputError)


def test_a_mapped_task_without_a_mistake_is_made():
    """Templates as well."""
    with DAG("parsed", schedule=None):
        mapped = SafeSparkSubmitOperator.partial(
            task_id="t", application="a.py", profile="{{ params.profile }}", limits=GuardLimits(deadline="1h")
        ).expand(application_args=[["a"], ["b"]])
    assert mapped.task_id == "t"
