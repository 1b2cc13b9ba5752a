"""Events of an application, and the lines that Spark writes for them: each with what a test does not care about."""

from __future__ import annotations

import json

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.core.history.event_fold import EventFold

START = 1_700_000_000_000
SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQL"


def nothing():
    return {}


def application(at=0, id_="app-1"):
    return kinds.ApplicationStarted(id_, "report", "ann", START + at)


def job(number=0, *stages, at=0, **fields):
    return kinds.JobStarted(number, START + at, stages or (0,), **fields)


def submitted(stage=0, tasks=2, *, at=0, attempt=0, name="count at job.py:3", execution=None):
    return kinds.StageSubmitted(stage, attempt, name, "a.B(C.java:1)", tasks, START + at, execution)


def completed(stage=0, tasks=2, *, at=0, attempt=0, failure="", values=nothing):
    return kinds.StageCompleted(submitted(stage, tasks, attempt=attempt), START + at, failure, values)


def task_start(task=0, stage=0, *, at=0, executor="1", attempt=0):
    return kinds.TaskStarted(stage, attempt, task, executor, START + at)


def task_end(
    task=0, stage=0, *, begin=0, at=0, executor="1", attempt=0, outcome="done", failure="", figures=None,
    fetched=0, peaks=None, values=nothing, peak_memory=0,
):  # fmt: skip
    speculative = False
    return kinds.TaskEnded(
        stage, attempt, task, task, 0, executor, "host", START + begin, START + at, fetched, speculative, outcome,
        failure, kinds.Figures(run_ms=at - begin) if figures is None else figures, peak_memory, peaks, values,
    )  # fmt: skip


def folded(*events, watcher=None):
    """A fold that has taken these events."""
    fold = EventFold(watcher)
    for event in events:
        fold.take(event)
    return fold


def line(kind, **fields):
    """A line of a log; underscores in names stand for spaces."""
    named = {name.replace("_", " "): value for name, value in fields.items()}
    return json.dumps({"Event": kind, **named}, separators=(",", ":")).encode()


def task_end_line(task=0, stage=0, *, launched=START, finished=START + 1000, reason=None, **fields):
    info = {
        "Task ID": task, "Index": task, "Attempt": 0, "Launch Time": launched, "Executor ID": "1", "Host": "h",
        "Speculative": False, "Getting Result Time": 0, "Finish Time": finished, "Accumulables": [],
        **fields.pop("info", {}),
    }  # fmt: skip
    metrics = {"Executor Run Time": 900, "Executor CPU Time": 5_000_000, "JVM GC Time": 7}
    return line(
        "SparkListenerTaskEnd",
        Stage_ID=stage,
        Stage_Attempt_ID=0,
        Task_End_Reason=reason or {"Reason": "Success"},
        Task_Info=info,
        **{"Task Metrics": metrics, **fields},
    )


def stage_info(stage=0, tasks=1, **fields):
    return {
        "Stage ID": stage,
        "Stage Attempt ID": 0,
        "Stage Name": "count at /srv/job.py:3",
        "Number of Tasks": tasks,
        "Details": "a.B(C.java:1)",
        "Submission Time": START,
        **fields,
    }


def small_log(tasks=3):
    """The lines of a whole log with one job."""
    info = stage_info(0, tasks)
    properties = {"callSite.short": "count at /srv/job.py:3"}
    return [
        line("SparkListenerLogStart", Spark_Version="4.2.0"),
        line("SparkListenerEnvironmentUpdate", Spark_Properties={"spark.master": "spark://m:7077"}),
        line("SparkListenerApplicationStart", App_Name="n", App_ID="app-1", Timestamp=START, User="ann"),
        line(
            "SparkListenerExecutorAdded",
            Timestamp=START,
            Executor_ID="1",
            Executor_Info={"Host": "h", "Total Cores": 2, "Log Urls": {}},
        ),
        line("SparkListenerJobStart", Job_ID=0, Submission_Time=START, Stage_IDs=[0], Properties=properties),
        line("SparkListenerStageSubmitted", Stage_Info=info, Properties=properties),
        *(task_end_line(task) for task in range(tasks)),
        line("SparkListenerStageCompleted", Stage_Info={**info, "Completion Time": START + 2000}),
        line(
            "SparkListenerJobEnd",
            Job_ID=0,
            Completion_Time=START + 2000,
            Job_Result={"Result": "JobSucceeded"},
        ),
        line("SparkListenerApplicationEnd", Timestamp=START + 3000),
    ]


def written(path, lines):
    """A plain log of these lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
