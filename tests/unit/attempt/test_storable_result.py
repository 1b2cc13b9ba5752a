"""A job's result on its way to XCom."""

from __future__ import annotations

import math

from airflow_spark_guard.attempt.storable_result import storable_result
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.watch.channel_state import ChannelState
from tests.support.task_log import TaskLog


def test_what_airflow_can_store_is_the_result():
    """None too."""
    task = TaskLog()
    for value in ({"rows": 3}, None, [1.5, "x"]):
        assert storable_result(ChannelState(has_result=True, result=value), GuardLimits(), task) == value
    assert task.warnings == ""


def test_what_it_cannot_store_is_left_out_with_a_loud_warning():
    """The job has done its work: Airflow would fail it."""
    task = TaskLog()
    small = GuardLimits(result_size=100)
    for value in ({"__type": "airflow.models.Connection", "__var": {}}, [math.nan], "x" * 100):
        assert storable_result(ChannelState(has_result=True, result=value), small, task) is None
    said = task.warnings.splitlines()
    assert [line.startswith("RESULT LEFT OUT: the job succeeded, but its result ") for line in said] == [
        True
    ] * 3
    assert "the key '__type' of result is reserved by Airflow" in said[0]
    assert "102 bytes of JSON (limit: 100, GuardLimits.result_size)" in said[2]


def test_a_known_secret_is_masked_with_a_warning():
    """At any depth."""
    task = TaskLog()
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        channel_state = ChannelState(has_result=True, result={"a": ["x hunter2", 1]})
        assert storable_result(channel_state, GuardLimits(), task) == {"a": ["x ******", 1]}
    assert task.warnings == "The job has reported a secret value as its result; it is masked in the XCom."
