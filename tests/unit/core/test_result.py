"""What the task's side lets through to XCom, against Airflow's own way there."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from airflow.sdk._shared.serialization import FORBIDDEN_XCOM_KEYS
from airflow.sdk.execution_time.comms import SetXCom, _RequestFrame
from airflow.sdk.serde import deserialize, serialize

from airflow_spark_guard.core.result import DEEPEST, result_trouble

LIMIT = 64 * 1024


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def stored(value: object) -> object:
    """What a downstream task reads: serialized, sent to the supervisor, read back."""
    serialized = serialize(value)
    message = SetXCom(key="k", value=serialized, dag_id="d", run_id="r", task_id="t", map_index=-1)
    _RequestFrame(id=1, body=message.model_dump()).as_bytes()
    return deserialize(json.loads(json.dumps(serialized)))


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2**64 - 1, -(2**63), 1.5, "x", "", [], {}, {"": 1}, {"a": [1, None, "é"]}, deep(DEEPEST)],
    ids=repr,
)
def test_airflow_stores_what_passes(value):
    """And gives the same back."""
    assert result_trouble(value, LIMIT) == ""
    assert stored(value) == value


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        (deep(DEEPEST + 1), "levels deep"),
        (deep(900), "levels deep"),
        ([math.nan], "result[0] is nan"),
        ({"a": -math.inf}, "result['a'] is -inf"),
        (2**64, "result is an integer of more than 64 bits"),
        (-(2**63) - 1, "result is an integer of more than 64 bits"),
        ("\ud800", "result is text that is not valid Unicode"),
        ({"\ud800": 1}, "a key of result is text that is not valid Unicode"),
        (["a\0"], "result[0] is text with a NUL character"),
        ({"a": {"__classname__": "x"}}, "the key '__classname__' of result['a'] is reserved by Airflow"),
        ("x" * LIMIT, f"it has {LIMIT + 2} bytes of JSON (limit: {LIMIT}, GuardLimits.result_size)"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_rest_is_named(value, trouble):
    """Where it is, and what."""
    assert trouble in result_trouble(value, LIMIT)
    assert len(result_trouble(value, LIMIT)) <= 200


def test_no_description_of_an_object_passes():
    """Whatever combination of its keys Airflow may take for one."""
    for number in (1, 2, 3):
        for keys in itertools.combinations(sorted(FORBIDDEN_XCOM_KEYS), number):
            value = {"a": dict.fromkeys(keys, "airflow.models.connection.Connection")}
            assert "is reserved by Airflow" in result_trouble(value, LIMIT)
