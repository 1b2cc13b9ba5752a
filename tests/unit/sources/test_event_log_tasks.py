"""The ends of tasks."""

import json

import msgspec
import pytest

from airflow_spark_guard.core.history.event_kinds import Figures, Peaks
from airflow_spark_guard.sources.event_log_tasks import TaskEnd, task_ended, values_of
from tests.support.event_logs import START, task_end_line


def ended(*args, **fields):
    return task_ended(msgspec.json.decode(task_end_line(*args, **fields), type=TaskEnd))


METRICS = {
    "Executor Run Time": 1, "Executor CPU Time": 2, "Executor Deserialize Time": 3, "JVM GC Time": 4,
    "Result Serialization Time": 5, "Memory Bytes Spilled": 6, "Disk Bytes Spilled": 7,
    "Peak Execution Memory": 8,
    "Input Metrics": {"Bytes Read": 9, "Records Read": 10},
    "Output Metrics": {"Bytes Written": 11, "Records Written": 12},
    "Shuffle Read Metrics": {
        "Remote Bytes Read": 100, "Local Bytes Read": 30, "Total Records Read": 14, "Fetch Wait Time": 15,
    },
    "Shuffle Write Metrics": {"Shuffle Bytes Written": 16, "Shuffle Records Written": 17},
}  # fmt: skip


def test_every_figure_has_its_place():
    found = ended(5, 3, **{"Task Metrics": METRICS})
    assert found.figures == Figures(1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 130, 14, 15, 16, 17)
    assert (found.peak_memory, found.task, found.stage, found.executor, found.host) == (8, 5, 3, "1", "h")
    assert (found.launched, found.at, found.outcome, found.failure) == (START, START + 1000, "done", "")


def test_a_task_without_metrics_has_no_figures():
    found = ended(**{"Task Metrics": None})
    assert (found.figures, found.peak_memory, found.peaks) == (None, 0, None)


def test_memory_of_its_executor_is_taken_if_it_was_measured():
    memory = {"JVMHeapMemory": 5, "ProcessTreeJVMRSSMemory": 6, "ProcessTreePythonRSSMemory": 7}
    assert ended(**{"Task Executor Metrics": memory}).peaks == Peaks("1", 5, 6, 7)
    assert ended(**{"Task Executor Metrics": {"JVMHeapMemory": 0}}).peaks is None


@pytest.mark.parametrize(
    ("reason", "outcome", "failure"),
    [
        ({"Reason": "Success"}, "done", ""),
        (
            {"Reason": "ExceptionFailure", "Class Name": "java.lang.Error", "Description": "boom"},
            "failed",
            "java.lang.Error: boom",
        ),
        (
            {"Reason": "ExceptionFailure", "Class Name": "java.lang.Error", "Description": None},
            "failed",
            "java.lang.Error",
        ),
        ({"Reason": "FetchFailed", "Message": "gone"}, "failed", "FetchFailed: gone"),
        (
            {"Reason": "ExecutorLostFailure", "Executor ID": "3", "Loss Reason": "code 137"},
            "failed",
            "ExecutorLostFailure: code 137",
        ),
        (
            {"Reason": "TaskKilled", "Kill Reason": "another attempt succeeded"},
            "killed",
            "TaskKilled: another attempt succeeded",
        ),
        ({"Reason": "TaskCommitDenied", "Job ID": 1}, "killed", "TaskCommitDenied"),
        ({"Reason": "Resubmitted"}, "failed", "Resubmitted"),
    ],
)
def test_how_it_ended(reason, outcome, failure):
    found = ended(reason=reason)
    assert (found.outcome, found.failure) == (outcome, failure)


def test_a_task_without_an_end_ended_at_its_start():
    assert ended(finished=0).at == START


def test_what_accumulators_of_sql_metrics_hold():
    """A number in quotes or without; what is no metric, or no number, is left out."""
    rows = [
        {"ID": 1, "Name": "a", "Update": "2", "Value": "50", "Metadata": "sql"},
        {"ID": 2, "Value": 7, "Metadata": "sql"},
        {"ID": 3, "Value": 7},
        {"ID": 4, "Value": "x", "Metadata": "sql"},
        {"ID": 5, "Value": [1], "Metadata": "sql"},
        {"ID": 6, "Value": "9" * 400, "Metadata": "sql"},
        {"ID": 7, "Metadata": "sql"},
    ]
    assert ended(info={"Accumulables": rows}).values() == {1: 50, 2: 7}
    assert values_of(msgspec.Raw()) == {}
    assert values_of(msgspec.Raw(json.dumps({"ID": 1}).encode())) == {}
