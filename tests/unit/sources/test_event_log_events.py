"""Lines as events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.core.history.event_fold import EventFold
from airflow_spark_guard.sources.event_log_events import event_of, kind_of
from tests.support.event_logs import SQL, line, small_log, stage_info, task_end_line


def event(data):
    return event_of(kind_of(data), data)


MEMORY = {"JVMHeapMemory": 5, "ProcessTreeJVMRSSMemory": 6, "ProcessTreePythonRSSMemory": 7}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (line("SparkListenerLogStart", Spark_Version="4.2.0"), kinds.LogStarted("4.2.0")),
        (
            line("SparkListenerApplicationStart", App_Name="n", App_ID="a", Timestamp=5, User="u"),
            kinds.ApplicationStarted("a", "n", "u", 5),
        ),
        (
            line("SparkListenerApplicationStart", App_ID=None, Timestamp=5, App_Attempt_ID="2"),
            kinds.ApplicationStarted("", "", "", 5, "2"),
        ),
        (line("SparkListenerApplicationEnd", Timestamp=5, ExitCode=0), kinds.ApplicationEnded(5, 0)),
        (
            line("SparkListenerEnvironmentUpdate", Spark_Properties={"a": "b", "c": None}),
            kinds.Environment({"a": "b"}),
        ),
        (
            line(
                "SparkListenerExecutorAdded",
                Timestamp=5,
                Executor_ID="1",
                Executor_Info={"Host": "h", "Total Cores": 2, "Log Urls": {"stderr": "http://h/x"}},
            ),
            kinds.ExecutorAdded("1", "h", 2, 5, "http://h/x"),
        ),
        (
            line("SparkListenerExecutorRemoved", Timestamp=5, Executor_ID="1", Removed_Reason="gone"),
            kinds.ExecutorRemoved("1", 5, "gone"),
        ),
        (
            line("SparkListenerStageExecutorMetrics", Executor_ID="1", Executor_Metrics=MEMORY),
            kinds.Peaks("1", 5, 6, 7),
        ),
        (
            line(
                "SparkListenerExecutorMetricsUpdate",
                Executor_ID="driver",
                Executor_Metrics_Updated=[
                    {"Stage ID": -1, "Executor Metrics": MEMORY},
                    {"Stage ID": 0, "Executor Metrics": {**MEMORY, "JVMHeapMemory": 9}},
                ],
            ),
            kinds.Peaks("driver", 9, 6, 7),
        ),
        (line("SparkListenerExecutorMetricsUpdate", Executor_ID="driver", Executor_Metrics_Updated=[]), None),
        (
            line(
                "SparkListenerTaskStart",
                Stage_ID=3,
                Stage_Attempt_ID=1,
                Task_Info={"Task ID": 4, "Launch Time": 5, "Executor ID": "1"},
            ),
            kinds.TaskStarted(3, 1, 4, "1", 5),
        ),
        (
            line(
                f"{SQL}ExecutionStart",
                executionId=1,
                time=5,
                description="q",
                sparkPlanInfo={"nodeName": "Scan", "simpleString": "Scan x", "children": [], "metrics": []},
                modifiedConfigs={"spark.sql.a": "1"},
            ),
            kinds.SqlStarted(1, 5, "q", (kinds.PlanNode("Scan", "Scan x"),), {"spark.sql.a": "1"}),
        ),
        (
            line(f"{SQL}ExecutionStart", executionId=1, time=5, description=None, sparkPlanInfo=None),
            kinds.SqlStarted(1, 5, "", (), {}),
        ),
        (
            line(f"{SQL}AdaptiveExecutionUpdate", executionId=1, sparkPlanInfo={"nodeName": "Scan"}),
            kinds.SqlPlanned(1, (kinds.PlanNode("Scan", ""),)),
        ),
        (
            line(f"{SQL}ExecutionEnd", executionId=1, time=5, errorMessage="boom"),
            kinds.SqlEnded(1, 5, "boom"),
        ),
        (line(f"{SQL}ExecutionEnd", executionId=1, time=5), kinds.SqlEnded(1, 5)),
        (
            line("org.apache.spark.sql.execution.ui.SparkListenerDriverAccumUpdates", accumUpdates=[[1, 2]]),
            kinds.DriverValues({1: 2}),
        ),
    ],
)
def test_each_kind(data, expected):
    assert event(data) == expected


def test_jobs_stages_and_the_ends_of_tasks():
    assert event(line("SparkListenerJobStart", Job_ID=1, Submission_Time=5)) == kinds.JobStarted(1, 5, ())
    ended = line("SparkListenerJobEnd", Job_ID=1, Completion_Time=5, Job_Result={"Result": "JobSucceeded"})
    assert event(ended) == kinds.JobEnded(1, 5)
    assert event(line("SparkListenerStageSubmitted", Stage_Info=stage_info(2))).stage == 2
    assert event(line("SparkListenerStageCompleted", Stage_Info=stage_info(2))).submitted.stage == 2
    assert event(task_end_line(7)).task == 7


def test_other_kinds_are_left_out_unread():
    """So that they cost nothing: most of them come with every block of every task."""
    assert event(b'{"Event":"SparkListenerBlockUpdated",...') is None


def test_the_event_may_stand_anywhere():
    """Other writers than Spark's own order fields otherwise."""
    data = b' { "Timestamp" : 5, "Event" : "SparkListenerApplicationEnd" } '
    assert event(data) == kinds.ApplicationEnded(5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"INFO SparkContext: Running",
        b"{}",
        b"[1]",
        b'{"Event":5}',
        b'{"Event":"SparkListenerTas',
        b'{"Event":"SparkListenerTaskEnd"}',
        b'{"Event":"SparkListenerApplicationEnd","Timestamp":"soon"}',
        b'{"Event":"SparkListenerApplicationEnd","Timestamp":1e3}',
        b'{"Event":"SparkListenerApplicationEnd","Timestamp":99999999999999999999}',
        b'{"Event":"SparkListenerApplicationEnd","Timestamp":5',
        b'{"Event":"SparkListenerApplicationEnd","Timestamp":5}}',
        b'{"Event":"SparkListenerLogStart","Spark Version":"\xff"}',
    ],
)
def test_what_cannot_be_read_is_a_value_error(data):
    with pytest.raises(ValueError):  # noqa: PT011 - of msgspec
        event(data)


def test_a_plan_that_is_nested_too_deep():
    plan = b'{"nodeName":"Project","children":[' * 5000 + b"]}" * 5000
    data = b'{"Event":"%sExecutionStart","executionId":1,"time":5,"sparkPlanInfo":%s}' % (SQL.encode(), plan)
    with pytest.raises(RecursionError):
        event(data)


@given(st.data())
def test_no_damage_makes_it_raise_anything_else(data):
    """A byte that is changed, or left out, in any line: what is read then can be folded."""
    lines = small_log()
    damaged = bytearray(data.draw(st.sampled_from(lines)))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    fold = EventFold()
    for found in (*lines, bytes(damaged)):
        try:
            read = event(found)
        except ValueError:
            continue
        if read is not None:
            fold.take(read)
    json.dumps(fold.history().missing)
