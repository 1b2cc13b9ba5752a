"""The stage of a Python worker's task, from the local variables of PySpark's loop."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.stacktraces.python_stack import parse_py_spy
from airflow_spark_guard.core.stacktraces.python_task import stage_of

CONTEXT = '{"secret": "5d6d", "taskAttemptId": 0, "stageId": 12, "isBarrier": False, "partitionId": 0, ...}'


def dump(*variables, name="main", file="/spark/python/pyspark/worker.py", thread="MainThread"):
    rows = [{"name": key, "repr": value, "addr": 1, "arg": False} for key, value in variables]
    frames = [
        {"filename": "/job.py", "line": 3, "name": "slow", "locals": [{"name": "x", "repr": "1"}]},
        {"filename": file, "line": 9, "name": name, "locals": rows},
    ]
    return parse_py_spy(json.dumps([{"thread_name": thread, "frames": frames}]))


def test_spark_4_2_keeps_the_context_as_text():
    """As py-spy shows it: cut at some length, the order its own."""
    assert stage_of(dump(("split_index", "0"), ("task_context_json", CONTEXT))) == 12
    assert stage_of(dump(("task_context_json", CONTEXT.replace('"', "'")))) == 12


@pytest.mark.parametrize(
    "threads",
    [
        (),
        dump(),
        dump(("task_context_json", "{}")),
        dump(("task_context_json", None)),
        dump(("context", CONTEXT)),
        dump(("task_context_json", CONTEXT), name="process"),
        dump(("task_context_json", CONTEXT), file="/srv/me/worker.py"),
        dump(("task_context_json", CONTEXT), thread="Thread-1"),
        parse_py_spy(json.dumps([{"thread_name": "MainThread", "frames": [{"name": "main", "locals": 7}]}])),
        parse_py_spy(json.dumps([{"thread_name": "MainThread", "frames": [{"name": "main"}]}])),
    ],
)
def test_anything_else_names_no_stage(threads):
    """Older Sparks have no such variable, and the user's own may be called the same."""
    assert stage_of(threads) is None
