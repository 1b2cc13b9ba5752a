"""The policy as Airflow asks it: on plain and mapped tasks, for each verdict, and where Airflow has none."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest

from airflow_spark_guard import SafeSparkSubmitOperator, SparkGuardRetryPolicy
from airflow_spark_guard.core import errors
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.task import retry_policy
from airflow_spark_guard.task.retry_policy import attempts_so_far

sdk = pytest.importorskip("airflow.sdk.definitions.retry_policy", reason="Airflow below 3.3")
RETRY, FAIL, DEFAULT = sdk.RetryAction.RETRY, sdk.RetryAction.FAIL, sdk.RetryAction.DEFAULT


class OwnPolicy(sdk.RetryPolicy):
    """A user's."""

    def evaluate(self, *_args, **_kwargs):
        return sdk.RetryDecision.default()


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (errors.DeadlineError("x"), RETRY),
        (errors.StarvedError("x"), RETRY),
        (errors.StalledError("x"), RETRY),
        (errors.ExecutorsLostError("x"), RETRY),
        (errors.DriverGoneError("x"), RETRY),
        (errors.DriverGoneError("x", verdict=Verdict.JVM_GONE), RETRY),
        (errors.VanishedError("x"), RETRY),
        (errors.AttemptError("x"), RETRY),
        (errors.WorkerCrashedError("x"), FAIL),
        (errors.DriverSilentError("x"), FAIL),
        (errors.NotExitingError("x"), FAIL),
        (errors.UserCodeError("x"), FAIL),
        (errors.ResultError("x"), FAIL),
        (errors.ConfError("x"), FAIL),
        (errors.JavaError("x"), FAIL),
        (ValueError("x"), DEFAULT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_first_failure_is_judged_by_its_verdict(error, action):
    """What is none of ours is left to ``retries``."""
    decision = SparkGuardRetryPolicy().evaluate(error, 1, 3, {"task": SimpleNamespace(retries=3)})
    assert decision.action is action
    assert decision.retry_delay is None, "the task's own delay holds"
    assert (action is DEFAULT) == (decision.reason is None)


def test_a_stall_is_retried_once_also_after_a_clear():
    """Airflow goes on counting tries when a task is cleared."""
    stalled, context = errors.StalledError("x"), {"task": SimpleNamespace(retries=3)}
    decide = SparkGuardRetryPolicy().evaluate
    assert [decide(stalled, number, 3, context).action for number in (1, 2)] == [RETRY, FAIL]
    cleared_after_2 = 2 + 3
    assert [decide(stalled, n, cleared_after_2, context).action for n in (3, 4)] == [RETRY, FAIL]
    assert [decide(stalled, number, 3).action for number in (1, 2)] == [RETRY, FAIL], "without a context"


@pytest.mark.parametrize(("try_number", "max_tries"), [(1, 0), (3, 2), (7, 6)])
def test_without_a_try_left_it_decides_nothing_and_says_so(try_number, max_tries):
    """With retries=0 a log that says action=retry is wrong; Airflow's own rule fails the task."""
    decision = SparkGuardRetryPolicy().evaluate(errors.StarvedError("x"), try_number, max_tries)
    assert decision.action is DEFAULT
    assert decision.reason == (
        f"No retry is left: this was try {try_number} of {max_tries + 1}. The cluster was full; a longer "
        "retry_delay helps more than many retries."
    )
    assert SparkGuardRetryPolicy().evaluate(errors.UserCodeError("x"), try_number, max_tries).action is FAIL


@pytest.mark.parametrize(
    ("try_number", "max_tries", "retries", "expected"),
    [(1, 3, 3, 1), (4, 3, 3, 4), (5, 7, 3, 1), (6, 7, 3, 2), (2, 0, None, 2), (1, 0, 0, 1), (2, 1, 5, 2)],
)
def test_attempts_are_counted_from_the_last_clear(try_number, max_tries, retries, expected):
    """Also where the DAG's ``retries`` were raised meanwhile."""
    assert attempts_so_far(try_number, max_tries, retries) == expected


@pytest.fixture
def dag():
    """Plain and mapped tasks, with and without a user's policy."""
    from airflow.sdk import DAG

    common = {"application": "a.py"}
    own = {**common, "retry_policy": OwnPolicy()}
    with DAG("policies", schedule=None) as dag:
        SafeSparkSubmitOperator(task_id="plain", **common)
        SafeSparkSubmitOperator.partial(task_id="mapped", **common).expand(application_args=[["a"], ["b"]])
        SafeSparkSubmitOperator(task_id="own", **own)
        SafeSparkSubmitOperator.partial(task_id="own_mapped", **own).expand(application_args=[["a"]])
    return dag


def unmapped(dag, task_id):
    return dag.get_task(task_id).unmap({"application_args": ["a"]})


def test_every_task_has_the_policy_unless_the_user_gave_one(dag):
    """Also what a mapped task becomes in the worker, which passes ``retry_policy=None``."""
    assert type(dag.get_task("plain").retry_policy) is SparkGuardRetryPolicy
    assert type(unmapped(dag, "mapped").retry_policy) is SparkGuardRetryPolicy
    assert type(dag.get_task("own").retry_policy) is OwnPolicy
    assert type(unmapped(dag, "own_mapped").retry_policy) is OwnPolicy


def test_a_policy_in_default_args_is_the_users_too():
    """Of the task, of the DAG, and for mapped tasks."""
    from airflow.sdk import DAG

    defaults = {"retry_policy": OwnPolicy()}
    one = SafeSparkSubmitOperator(task_id="one", application="a.py", default_args=defaults)
    assert type(one.retry_policy) is OwnPolicy
    with DAG("defaults", schedule=None, default_args=defaults) as dag:
        SafeSparkSubmitOperator(task_id="plain", application="a.py")
        SafeSparkSubmitOperator.partial(task_id="mapped", application="a.py").expand(application_args=[["a"]])
    assert type(dag.get_task("plain").retry_policy) is OwnPolicy
    assert type(unmapped(dag, "mapped").retry_policy) is OwnPolicy


def test_a_dag_with_it_goes_through_the_database(dag):
    """Serialised as text without addresses: no new version of the DAG at each parse."""
    from airflow.serialization.serialized_objects import DagSerialization

    data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    again = DagSerialization.from_dict(data)
    assert again.get_task("plain").has_retry_policy
    assert sorted(again.task_ids) == sorted(dag.task_ids)
    assert " object at 0x" not in json.dumps(data)


def test_the_policy_serialises_itself():
    """Airflow 3.3 stores a flag only; a later one may store what the interface offers."""
    policy = SparkGuardRetryPolicy()
    assert policy.serialize() == {"__type": "SparkGuardRetryPolicy"}
    assert repr(SparkGuardRetryPolicy.deserialize(policy.serialize())) == "SparkGuardRetryPolicy()"


def test_below_airflow_3_3_it_says_what_to_do(monkeypatch):
    """The module loads, as plugins and documentation tools expect; its use is the error."""
    import airflow.sdk

    for name in ("RetryPolicy", "RetryDecision"):
        monkeypatch.delattr(airflow.sdk, name, raising=False)
    monkeypatch.setitem(sys.modules, "airflow.sdk.definitions.retry_policy", None)
    spec = importlib.util.spec_from_file_location("older", retry_policy.__file__)
    older = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(older)
    assert not older.AIRFLOW_ASKS
    with pytest.raises(
        errors.BadInputError,
        match=r"(?s)^SparkGuardRetryPolicy requires an Airflow with retry policies\.\n  got: Airflow \S+\n"
        r"  expected: Airflow 3\.3 or newer\n  do: Omit retry_policy: .+",
    ):
        older.SparkGuardRetryPolicy()


def test_below_airflow_3_3_nothing_is_passed_to_the_operator(monkeypatch):
    """It would be an unknown argument there."""
    monkeypatch.setattr("airflow_spark_guard.operators.safe_spark_submit.AIRFLOW_ASKS", False)
    assert SafeSparkSubmitOperator(task_id="x", application="a.py").retry_policy is None
