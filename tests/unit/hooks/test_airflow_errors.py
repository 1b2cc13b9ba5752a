"""Our exceptions where Airflow's are caught."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle

import airflow.exceptions
import pytest
from airflow.sdk import exceptions as sdk_exceptions
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_spark_guard import (
    GuardLimits,
    SafeSparkSubmitHook,
    SafeSparkSubmitOperator,
    SparkApplicationSensor,
    SparkExecutorRestartSensor,
    SparkMonitorHook,
    SparkProfile,
)
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.event import EventError
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors, as_airflow_error, end_retries
from tests.unit.core.templater import context

pytestmark = pytest.mark.usefixtures("airflow_db")
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.SparkGuardError)
]


def made(kind):
    error = kind("It broke.", got="1", advice="Correct it.")
    if isinstance(error, errors.AttemptError):
        error.place = "job.py:12"
    return error


def test_airflow_has_one_class_under_two_names():
    """What users catch, from wherever they import it."""
    assert airflow.exceptions.AirflowException is sdk_exceptions.AirflowException


@pytest.mark.parametrize("turn", [as_airflow_error, end_retries])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_of_both_kinds_and_looks_as_before(kind, turn):
    """The same object; name, text and attributes stay."""
    error = made(kind)
    text, parts = str(error), dict(vars(error))
    turn(error)
    turn(error)
    assert isinstance(error, kind)
    assert isinstance(error, AirflowException)
    assert isinstance(error, AirflowFailException) is (turn is end_retries)
    assert (str(error), vars(error)) == (text, parts)
    assert (type(error).__module__, type(error).__qualname__) == (kind.__module__, kind.__qualname__)
    assert type(error) is type(same := made(kind)) or turn(same) is None
    assert type(same) is type(error)


@pytest.mark.parametrize("turn", [as_airflow_error, end_retries])
@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_pickled(kind, turn):
    """It comes back as both, with its parts."""
    error = made(kind)
    turn(error)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_one_that_may_be_retried_can_become_final():
    """The hook raises it, the operator decides."""
    error = made(errors.UserCodeError)
    as_airflow_error(error)
    end_retries(error)
    assert isinstance(error, AirflowFailException)
    assert type(error).__mro__.count(errors.UserCodeError) == 1
    as_airflow_error(error)
    assert isinstance(error, AirflowFailException)


def test_a_class_of_the_users_own_stays_one():
    """Also one that is of both kinds already."""

    class Mine(errors.StalledError, AirflowException):
        pass

    error = Mine("x")
    as_airflow_error(error)
    assert type(error) is Mine
    end_retries(error)
    assert isinstance(error, Mine)
    assert isinstance(error, AirflowFailException)


@pytest.mark.parametrize(
    ("turn", "kind"), [(as_airflow_error, AirflowException), (end_retries, AirflowFailException)]
)
def test_airflow_can_store_it(turn, kind):
    """It reads back its own class, with our text once."""
    from airflow.serialization.serialized_objects import BaseSerialization

    error = errors.UserCodeError("It broke.", got="1")
    turn(error)
    again = BaseSerialization.deserialize(json.loads(json.dumps(BaseSerialization.serialize(error))))
    assert type(again) is kind
    assert str(again) == str(error) == "USER_CODE: It broke.\n  got: 1"


def test_cause_and_traceback_stay():
    """And an exception that is none of ours goes through as it is."""

    @AirflowErrors()
    def fails(error):
        raise error from ValueError("why")

    with pytest.raises(errors.StalledError) as caught:
        fails(errors.StalledError("x"))
    assert isinstance(caught.value, AirflowException)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.traceback[-1].name == "fails"
    with pytest.raises(KeyError) as other:
        fails(KeyError("x"))
    assert type(other.value) is KeyError


async def loaded():
    await SparkMonitorHook.load("nowhere")


def connection_of(monkeypatch, host):
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps({"conn_type": "spark", "host": host}))
    return "team"


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: SafeSparkSubmitHook(conn_id="nowhere"), errors.ConnectionMissingError),
        (lambda: SafeSparkSubmitHook(conn_id="team", conf="x"), errors.ArgumentError),
        (lambda: SafeSparkSubmitHook(conn_id="team", profile="fast"), errors.ProfileError),
        (lambda: SafeSparkSubmitHook(conn_id="team", limits="1h"), errors.LimitError),
        (lambda: SafeSparkSubmitHook(conn_id="team").submit("job.py"), errors.ConnectionMissingError),
        (lambda: SafeSparkSubmitHook(conn_id="team").settle_deploy_mode(), errors.ConnectionMissingError),
        (
            lambda: SafeSparkSubmitOperator(task_id="t", application="job.py", conn_id="team").execute({}),
            errors.ConnectionMissingError,
        ),
        (
            lambda: SafeSparkSubmitOperator(
                task_id="t", application="job.py", limits=GuardLimits(deadline="{{ 'soon' }}")
            ).render_template_fields(context()),
            errors.LimitError,
        ),
        (
            lambda: SafeSparkSubmitOperator(
                task_id="t", application="job.py", profile=SparkProfile("{{ 'fast' }}")
            ).render_template_fields(context()),
            errors.ProfileError,
        ),
        (lambda: SparkApplicationSensor(task_id="t").execute({}), errors.ApplicationError),
        (lambda: SparkExecutorRestartSensor(task_id="t", max_restarts=-1).poke({}), errors.LimitError),
        (lambda: SparkExecutorRestartSensor(task_id="t").execute_complete({}, None), EventError),
        (lambda: SparkMonitorHook("nowhere").url, errors.ConnectionMissingError),
        (lambda: SparkMonitorHook("nowhere").timeout, errors.ConnectionMissingError),
        (lambda: SparkMonitorHook("nowhere").access_for("http://h"), errors.ConnectionMissingError),
        (lambda: SparkMonitorHook(None).target(driver_ui="ftp://h"), errors.ApplicationError),
        (lambda: SparkMonitorHook(None, url="http://127.0.0.1:1").stages("app-1"), errors.MonitorError),
        (lambda: asyncio.run(loaded()), errors.ConnectionMissingError),
    ],
)
def test_whatever_leaves_is_caught_as_airflows(monkeypatch, call, kind):
    """By hook, operator and sensor; a trigger tells its sensor by event."""
    connection_of(monkeypatch, "spark://h")
    with pytest.raises(AirflowException) as caught:
        call()
    assert isinstance(caught.value, kind)
