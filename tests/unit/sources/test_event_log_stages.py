"""Jobs and stages."""

import msgspec
import pytest

from airflow_spark_guard.core.history import event_kinds as kinds
from airflow_spark_guard.sources import event_log_stages as stages
from tests.support.event_logs import START, line, stage_info


def read(kind, made, **fields):
    return made(msgspec.json.decode(line("x", **fields), type=kind))


def job(**fields):
    given = {"Job_ID": 3, "Submission_Time": START, "Stage_IDs": [1, 2], **fields}
    return read(stages.JobStart, stages.job_started, **given)


def test_a_job_with_its_properties():
    properties = {
        "spark.sql.execution.id": "7",
        "spark.job.description": "nightly",
        "callSite.short": "count at /srv/job.py:3",
        "spark.other": "x",
    }
    assert job(Properties=properties) == kinds.JobStarted(
        3, START, (1, 2), 7, "nightly", "count at /srv/job.py:3"
    )


@pytest.mark.parametrize("properties", [None, {}, {"spark.sql.execution.id": "x"}, {"callSite.short": None}])
def test_a_job_without_them(properties):
    assert job(Properties=properties) == kinds.JobStarted(3, START, (1, 2))


@pytest.mark.parametrize(
    ("result", "failure"),
    [
        ({"Result": "JobSucceeded"}, ""),
        ({"Result": "JobFailed", "Exception": {"Message": "Job aborted", "Stack Trace": []}}, "Job aborted"),
        ({"Result": "JobFailed", "Exception": {"Message": None}}, "JobFailed"),
        ({"Result": ""}, "unknown"),
    ],
)
def test_how_a_job_ended(result, failure):
    found = read(stages.JobEnd, stages.job_ended, Job_ID=3, Completion_Time=START, Job_Result=result)
    assert found == kinds.JobEnded(3, START, failure)


def test_a_stage_is_submitted_for_an_execution():
    found = read(
        stages.StageSubmitted,
        stages.stage_submitted,
        Stage_Info=stage_info(4, 5),
        Properties={"spark.sql.execution.id": "2"},
    )
    assert found == kinds.StageSubmitted(4, 0, "count at /srv/job.py:3", "a.B(C.java:1)", 5, START, 2)
    assert read(stages.StageSubmitted, stages.stage_submitted, Stage_Info={"Stage ID": 1}) == (
        kinds.StageSubmitted(1, 0, "", "", 0, None, None)
    )


def test_a_stage_that_failed():
    values = [{"ID": 1, "Value": "5", "Metadata": "sql"}]
    info = stage_info(
        4, 5, **{"Completion Time": START + 9, "Failure Reason": "boom", "Accumulables": values}
    )
    found = read(stages.StageCompleted, stages.stage_completed, Stage_Info=info)
    assert (found.at, found.failure, found.values()) == (START + 9, "boom", {1: 5})
    assert found.submitted.stage == 4
