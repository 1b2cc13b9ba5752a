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
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors, as_airflow_error, end_retries
from tests.unit.core.templater import context

pytestmark = pytest.mark.usefixtures("airflow_db")
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.SparkGuardError)
]


def made(kind):
    if issubclass(kind, errors.AttemptError):
        details = errors.AttemptDetails(where="job.py:12")
        return kind("It broke.", got="1", advice="Correct it.", details=details)
    return kind("It broke.", got="1", advice="Correct it.")


def test_airflow_has_one_class_under_two_names():
    """What users catch, from wherever they import it."""
    assert airflow.exceptions.AirflowException is sdk_exceptions.AirflowException


@pytest.mark.parametrize("turn", [as_airflow_error, end_retries])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_of_both_kinds_and_looks_as_before(kind, turn):
    """Name, text and attributes are the same; the one that came stays what it is."""
    plain = made(kind)
    error = turn(plain)
    assert turn(error) is error
    assert isinstance(error, kind)
    assert isinstance(error, AirflowException)
    assert isinstance(error, AirflowFailException) is (turn is end_retries)
    assert (str(error), error.args, vars(error)) == (str(plain), plain.args, vars(plain))
    assert (type(error).__module__, type(error).__qualname__) == (kind.__module__, kind.__qualname__)
    assert type(turn(made(kind))) is type(error)
    assert type(plain) is kind


@pytest.mark.parametrize("turn", [as_airflow_error, end_retries])
@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_pickled(kind, turn):
    """It comes back as both, with its parts."""
    error = turn(made(kind))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_one_that_may_be_retried_can_become_final():
    """The hook raises it, the operator decides."""
    error = end_retries(as_airflow_error(made(errors.UserCodeError)))
    assert isinstance(error, AirflowFailException)
    assert type(error).__mro__.count(errors.UserCodeError) == 1
    assert as_airflow_error(error) is error


def test_a_class_of_the_users_own_stays_one():
    """Also one that is of both kinds already."""

    class Mine(errors.StalledError, AirflowException):
        pass

    error = Mine("x")
    assert as_airflow_error(error) is error
    error = end_retries(error)
    assert isinstance(error, Mine)
    assert isinstance(error, AirflowFailException)


@pytest.mark.parametrize(
    ("turn", "kind"), [(as_airflow_error, AirflowException), (end_retries, AirflowFailException)]
)
def test_airflow_can_store_it(turn, kind):
    """It reads back its own class, with our text once."""
    from airflow.serialization.serialized_objects import BaseSerialization

    error = turn(errors.UserCodeError("It broke.", got="1"))
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
    assert caught.value.__context__ is None, "a traceback shows the failure once"
    assert caught.traceback[-1].name == "fails"
    with pytest.raises(KeyError) as other:
        fails(KeyError("x"))
    assert type(other.value) is KeyError


def test_what_was_being_handled_before_stays_the_context():
    """A user's own fault, in whose handler a hook was called."""

    @AirflowErrors()
    def fails():
        raise errors.StalledError("x")

    def theirs(fault):
        try:
            raise fault
        except KeyError:
            fails()

    fault = KeyError("theirs")
    with pytest.raises(errors.StalledError) as caught:
        theirs(fault)
    assert caught.value.__context__ is fault
    assert not caught.value.__suppress_context__


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
        (
            lambda: SparkExecutorRestartSensor(task_id="t").execute_complete({}, None),
            errors.TriggerEventError,
        ),
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
