"""What Airflow makes of a failure: ended or retried, the exception in the log, the verdict in XCom."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spark_guard import SafeSparkSubmitOperator, SparkGuardRetryPolicy
from airflow_spark_guard.core import errors
from airflow_spark_guard.task.failure import VERDICT_KEY, ObservedVerdicts, report, report_final


class Task:
    """A task instance that keeps what is pushed, or refuses it."""

    def __init__(self, *, try_number=1, max_tries=2, refuse=None):
        self.try_number, self.max_tries, self.refuse, self.pushed = try_number, max_tries, refuse, {}

    def xcom_push(self, key, value):
        if self.refuse is not None:
            raise self.refuse
        self.pushed[key] = value


@pytest.fixture
def operator():
    return SafeSparkSubmitOperator(task_id="job", application="a.py", retries=2)


def test_what_no_retry_can_help_is_also_airflows_own(operator):
    """Its class, attributes and text are as before."""
    plain = errors.UserCodeError("It broke.", got="1", evidence="Traceback", orphans=("12 java",))
    error = report(plain, operator, {})
    assert isinstance(error, AirflowFailException)
    assert isinstance(error, errors.UserCodeError)
    assert (str(error), vars(error)) == (str(plain), vars(plain))
    assert f"{type(error).__module__}.{type(error).__qualname__}" == (
        "airflow_spark_guard.core.errors.UserCodeError"
    )


def test_what_a_retry_can_help_is_not(operator):
    """Airflow's ``retries`` go on."""
    error = errors.ExecutorsLostError("Three executors were lost.")
    assert report(error, operator, {}) is error


def test_a_stall_ends_with_the_second_one(operator):
    """By the number of the try that Airflow gives."""
    first, second = errors.StalledError("x"), errors.StalledError("x")
    first = report(first, operator, {"ti": Task(try_number=1)})
    second = report(second, operator, {"ti": Task(try_number=2)})
    assert [isinstance(error, AirflowFailException) for error in (first, second)] == [False, True]


@pytest.mark.parametrize("how", ["an object of the user's", "a subclass of ours"])
def test_a_policy_of_the_users_decides_alone(how):
    """Airflow asks no policy about an AirflowFailException, so it gets the plain error."""

    class Softer(SparkGuardRetryPolicy):
        pass

    policy = SimpleNamespace() if how == "an object of the user's" else Softer()
    operator = SafeSparkSubmitOperator(task_id="job", application="a.py", retry_policy=policy)
    error, ti = errors.UserCodeError("It broke."), Task()
    assert report(error, operator, {"ti": ti}) is error
    assert ti.pushed[VERDICT_KEY]["retry"] is False, "what we advise is told all the same"


def test_without_policies_in_airflow_the_rule_is_the_same(operator, monkeypatch, capsys):
    """As on 3.1 and 3.2, where no operator has one; the log says what a policy would."""
    monkeypatch.setattr("airflow_spark_guard.task.failure.AIRFLOW_ASKS", False)
    operator.retry_policy = None
    bad, starved = errors.ConfError("spark.x is wrong."), errors.StarvedError("No executor came.")
    bad, starved = report(bad, operator, {}), report(starved, operator, {})
    assert [isinstance(error, AirflowFailException) for error in (bad, starved)] == [True, False]
    log = capsys.readouterr().out
    assert "No retry: Nothing was started, and the same input is refused again." in log
    assert "A retry may help: The cluster was full; " in log


def test_the_last_try_promises_no_retry(operator, monkeypatch, capsys):
    """Neither XCom nor the log, with Airflow's policies and without them."""
    monkeypatch.setattr("airflow_spark_guard.task.failure.AIRFLOW_ASKS", False)
    error, ti = errors.StarvedError("No executor came."), Task(try_number=1, max_tries=0)
    operator.retry_policy, operator.retries = None, 0
    assert report(error, operator, {"ti": ti}) is error
    verdict = ti.pushed[VERDICT_KEY]
    assert (verdict["retry"], verdict["retry_can_help"], verdict["tries_left"]) == (False, True, 0)
    log = capsys.readouterr().out
    assert "No retry is left: this was try 1 of 1. The cluster was full" in log
    assert "A retry may help" not in log


def test_bad_input_pushes_no_verdict(operator):
    """There was no attempt."""
    ti = Task()
    report(errors.ConfError("spark.x is wrong."), operator, {"ti": ti})
    assert ti.pushed == {}


def test_a_push_that_fails_hides_nothing(operator, capsys):
    """A warning; the error goes on as it would have."""
    error = errors.UserCodeError("It broke.")
    error = report(error, operator, {"ti": Task(refuse=OSError("the bucket is gone"))})
    assert isinstance(error, AirflowFailException)
    assert (
        f"The XCom {VERDICT_KEY} could not be pushed: OSError: the bucket is gone" in capsys.readouterr().out
    )


def test_a_sensors_failure_is_final_whatever_it_is(operator, capsys):
    """Another try of it would find an application with the same past; one of the application may help."""
    ti = Task()
    error = report_final(errors.StarvedError("No executor came."), operator, {"ti": ti})
    assert isinstance(error, AirflowFailException)
    assert isinstance(error, errors.StarvedError)
    verdict = ti.pushed[VERDICT_KEY]
    assert (verdict["verdict"], verdict["retry"]) == ("STARVED", False)
    hint = "The application's past does not change: run the application again, then clear the sensor."
    assert verdict["hint"] == hint
    assert f"No retry: {hint}" in capsys.readouterr().out


def test_a_sensors_bad_input_is_final_without_a_verdict(operator):
    """Outside Airflow as well."""
    for context in ({"ti": Task()}, {}):
        error = report_final(errors.LimitError("window cannot be used."), operator, context)
        assert isinstance(error, AirflowFailException)
        assert not context or context["ti"].pushed == {}


def test_a_policy_of_the_users_decides_about_a_sensor_too(operator):
    """Airflow asks no policy about an AirflowFailException."""
    operator.retry_policy = SimpleNamespace()
    error, ti = errors.VanishedError("It is gone."), Task()
    assert report_final(error, operator, {"ti": ti}) is error
    assert VERDICT_KEY in ti.pushed


def test_what_is_observed_is_pushed_and_nothing_is_ended(operator):
    """The newest one, with the verdicts before it; the error stays what it is."""
    ti = Task(try_number=1)
    observed = ObservedVerdicts(operator, {"ti": ti})
    first, second = errors.StarvedError("No executor came."), errors.UserCodeError("x")
    observed(first)
    assert (ti.pushed[VERDICT_KEY]["observed"], ti.pushed[VERDICT_KEY]["retry"]) == (True, False)
    observed(second)
    assert ti.pushed[VERDICT_KEY]["verdicts"] == ["STARVED", "USER_CODE"]
    assert not isinstance(second, AirflowFailException)
    ObservedVerdicts(operator, {})(first)  # outside Airflow
    ObservedVerdicts(operator, {"ti": Task(refuse=OSError("gone"))})(first)
