"""Plain rows of Spark's answers: those of tests/data, of a driver and of a history server alike."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.web import application_rows as rows
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import VERSIONS, play, recorded

APP = "app-20261121031500-0007"
ATTEMPT = {
    "startTime": "2026-11-20T17:46:49.066GMT",
    "endTime": "1969-12-31T23:59:59.999GMT",
    "sparkUser": "ann",
    "completed": False,
    "appSparkVersion": "4.3.0",
}
LATER = {
    **ATTEMPT,
    "attemptId": "2",
    "startTime": "2026-11-20T18:00:00.000GMT",
    "endTime": "2026-11-20T19:00:00.000GMT",
}


def executor(number, reason=None, **fields):
    gone = {"isActive": False, "removeReason": reason, "removeTime": f"2026-11-20T17:5{number}:00.000GMT"}
    return {
        "id": str(number),
        "hostPort": "node7:4711",
        "isActive": True,
        "addTime": "2026-11-20T17:46:50.000GMT",
        "activeTasks": 1,
        "totalCores": 2,
        "totalGCTime": 15,
        "totalDuration": 711,
        **({} if reason is None else gone),
        **fields,
    }


EXECUTORS = [
    executor(0, "Command exited with code 137"),
    executor(2, "Executor decommission finished: worker decommissioned"),
    executor(1, "Executor heartbeat timed out after 21926 ms"),
    executor(3),
    {**executor(9), "id": "driver"},
]


def server(attempts=(ATTEMPT,), **answers):
    """Answers of one application's paths; whatever else is asked is not known."""
    number = attempts[-1].get("attemptId") if attempts else None
    base = f"/api/v1/applications/{APP}"

    def reply(request):
        if request.url == base:
            return {"id": APP, "name": "train", "attempts": list(attempts)}
        prefix = f"{base}/{number}" if number else base
        path, _, query = request.url.partition("?")
        found = answers.get(path.removeprefix(f"{prefix}/"))
        if found is None:
            return Answer(404, b"unknown app")
        return found(query) if callable(found) else found

    return reply


def test_applications_are_told_by_their_newest_attempt():
    """Times in seconds since the epoch; the end of what runs is none."""

    def reply(request):
        assert request.url == "/api/v1/applications?limit=1000"
        return [
            {"id": APP, "name": "train", "attempts": [ATTEMPT]},
            {"id": "b", "name": "b\x1b[2J", "attempts": [{**LATER, "completed": True}, ATTEMPT]},
            {"id": "c"},
        ]

    first, second, third = play(rows.applications(), reply)
    assert first == {
        "id": APP,
        "name": "train",
        "user": "ann",
        "attempt": "",
        "started": 1795196809.066,
        "ended": None,
        "completed": False,
        "spark": "4.3.0",
    }
    assert (second["name"], second["attempt"], second["ended"], second["completed"]) == (
        "b[2J",
        "2",
        1795201200.0,
        True,
    )
    assert (third["started"], third["completed"]) == (None, False)
    json.dumps([first, second, third])


def test_of_an_application_with_attempts_the_newest_is_asked():
    """A history server knows no other address of its stages."""
    reply = server(attempts=(ATTEMPT, LATER), allexecutors=[executor(3)])
    assert [row["id"] for row in play(rows.executors(APP), reply)] == ["3"]


def test_stages_are_rows():
    """Sizes in bytes, run time in milliseconds."""
    stage = {
        "status": "FAILED",
        "stageId": 3,
        "attemptId": 1,
        "name": "count at job.py:12",
        "numTasks": 9,
        "numActiveTasks": 1,
        "numCompleteTasks": 4,
        "numFailedTasks": 2,
        "numKilledTasks": 1,
        "submissionTime": "2026-11-20T17:46:49.066GMT",
        "completionTime": "2026-11-20T17:46:50.066GMT",
        "failureReason": "Job aborted: token=abc",
        "inputBytes": 5186,
        "outputBytes": 7,
        "shuffleReadBytes": 8,
        "shuffleWriteBytes": 9,
        "memoryBytesSpilled": 10,
        "diskBytesSpilled": 11,
        "executorRunTime": 2840,
    }
    (found,) = play(rows.stages(APP), server(stages=[stage]))
    assert found == {
        "id": 3,
        "attempt": 1,
        "name": "count at job.py:12",
        "status": "FAILED",
        "tasks": 9,
        "active": 1,
        "done": 4,
        "failed": 2,
        "killed": 1,
        "submitted": 1795196809.066,
        "launched": None,
        "ended": 1795196810.066,
        "reason": "Job aborted: token=******",
        "input_bytes": 5186,
        "output_bytes": 7,
        "shuffle_read_bytes": 8,
        "shuffle_write_bytes": 9,
        "spilled_bytes": 21,
        "run_ms": 2840,
    }


def test_stages_can_be_asked_for_by_status():
    """In Spark's spelling, and nothing of it gets into the address."""
    asked = []
    reply = server(stages=lambda query: asked.append(query) or [])
    play(rows.stages(APP, "ACTIVE"), reply)
    play(rows.stages(APP, "a&b=c"), reply)
    assert asked == ["status=active", "status=a%26b%3Dc"]


def test_executors_are_rows_living_ones_first():
    """With the driver's own."""
    found = play(rows.executors(APP), server(allexecutors=EXECUTORS))
    assert [row["id"] for row in found] == ["3", "driver", "0", "2", "1"]
    assert found[0] == {
        "id": "3",
        "host": "node7",
        "active": True,
        "added": 1795196810.0,
        "removed": None,
        "reason": "",
        "cores": 2,
        "active_tasks": 1,
        "gc_ms": 15,
        "run_ms": 711,
        "stderr_url": "",
    }
    assert found[2]["reason"] == "Command exited with code 137"


def test_restarts_are_the_executors_that_were_lost():
    """Oldest first, and none that was given back."""
    assert play(rows.restarts(APP), server(allexecutors=EXECUTORS)) == [
        {"executor": "0", "host": "node7", "reason": "Command exited with code 137", "at": 1795197000.0},
        {
            "executor": "1",
            "host": "node7",
            "reason": "Executor heartbeat timed out after 21926 ms",
            "at": 1795197060.0,
        },
    ]


def test_an_unknown_application_is_said_to_be_unknown():
    """With what may be wrong; the id is the caller's, and is shown safely."""
    with pytest.raises(UnusableAnswerError, match=r"^it does not know application 'app\[2J-1'$") as caught:
        play(rows.stages("app\x1b[2J-1"), lambda _: Answer(404, b"unknown app: app-1"))
    assert caught.value.advice.startswith("Check the id.")


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (Answer(404, b"<html>"), "application: HTTP status 404"),
        (Answer(401, b""), "application: HTTP status 401"),
        ([], "application: not the object that Spark returns"),
        (None, "no answer"),
    ],
)
def test_an_answer_of_another_server_is_unusable(answer, match):
    """It says nothing of the application."""
    with pytest.raises(UnusableAnswerError, match=match):
        play(rows.restarts(APP), lambda _: answer)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_spark_is_understood(version):
    """Recorded answers of real applications."""
    applications = recorded(version, "applications")

    def reply(request):
        name = request.url.partition("?")[0].rpartition("/")[2]
        return applications[0] if name == applications[0]["id"] else recorded(version, name)

    (application,) = play(rows.applications(), reply)
    assert application["started"] > 1.7e9
    assert application["spark"].startswith(version[:1])
    identifier = application["id"]
    assert {row["status"] for row in play(rows.stages(identifier), reply)} == {"ACTIVE"}
    assert any(row["id"] == "driver" for row in play(rows.executors(identifier), reply))
    (lost,) = play(rows.restarts(identifier), reply)
    assert lost["reason"] == "Command exited with code 137"
