import json
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.watch.observation import DriverView
from airflow_spark_guard.core.web import spark_rest
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import VERSIONS, play, recorded, spark

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
STAGE = {
    "status": "ACTIVE",
    "stageId": 3,
    "attemptId": 0,
    "numTasks": 4,
    "numActiveTasks": 1,
    "numCompleteTasks": 0,
    "numFailedTasks": 0,
}


def look(server, *, details=False, local=False, dropped=0):
    return play(spark_rest.look("app-1", details=details, local=local, dropped=dropped), server)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_spark_is_understood(version):
    """Recorded answers of real applications: one stage half done, one executor dead, one alive."""
    view = look(spark(version))
    assert view.jobs == 1
    (stage,) = view.stages
    assert (stage.tasks, stage.launched, stage.failed) == (3, True, 0)
    assert stage.done + stage.active == 3
    assert stage.counters[spark_rest.COUNTERS.index("shuffleReadRecords")] > 0
    assert stage.name == "collect at /jobs/recorded.py:30"
    assert stage.median_seconds is stage.longest_seconds is None
    alive, dead = view.executors
    assert (alive.active, alive.removed, alive.cores, alive.host) == (True, None, 2, "127.0.0.1")
    assert alive.stderr_url.startswith("http://127.0.0.1:")
    assert (dead.active, dead.reason) == (False, "Command exited with code 137")
    assert dead.added < dead.removed < alive.added
    assert view.dropped_events == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_details_add_the_times_of_tasks(version):
    """The median of the finished ones, and the age of the oldest by the server's clock."""
    launched = min(read_launch(row) for row in recorded(version, "taskList"))
    (stage,) = look(spark(version, at=launched + 100), details=True).stages
    assert stage.median_seconds == recorded(version, "taskSummary")["executorRunTime"][0] / 1000 > 0
    assert stage.longest_seconds == pytest.approx(100, abs=0.01)
    (stage,) = look(spark(version), details=True).stages
    assert stage.longest_seconds == max(row["duration"] for row in recorded(version, "taskList")) / 1000


def read_launch(row):
    from airflow_spark_guard.core.web.answer import timestamp

    return timestamp(row, "launchTime")


@pytest.mark.parametrize("version", VERSIONS)
def test_threads_carry_their_frames(version):
    """Innermost first, without line ends."""
    found = play(spark_rest.threads("app-1", "1"), spark(version))
    assert found[0].name.startswith("Executor task launch worker for task ")
    assert found[0].state in ("RUNNABLE", "WAITING", "TIMED_WAITING")
    assert any("BasePythonRunner" in frame for frame in found[0].stack)
    assert not any(frame.endswith("\n") for frame in found[0].stack)


def test_the_requests_are_few():
    """Three without details."""
    asked = []

    def server(request):
        asked.append(request.url)
        return spark(VERSIONS[0])(request)

    look(server)
    base = "/api/v1/applications/app-1"
    assert asked == [f"{base}/stages?status=active", f"{base}/jobs?status=running", f"{base}/allexecutors"]
    asked.clear()
    look(server, details=True)
    assert [url.rpartition("/")[2].partition("?")[0] for url in asked[3:]] == ["taskSummary", "taskList", ""]


def test_only_our_application_counts():
    """Others own port 4040 as well."""
    ours = play(spark_rest.check_application("app-1"), lambda _: [{"id": "app-1"}])
    assert ours is None
    for found, named in (([{"id": "app-2"}], "app-2"), ([], "no application"), ([{}], "")):
        with pytest.raises(UnusableAnswerError, match=f"the UI does not belong to app-1 but to {named}"):
            play(spark_rest.check_application("app-1"), lambda _, found=found: found)


def test_the_ui_says_when_the_application_started():
    """Which tells it from another one under the same id; some say nothing."""
    row = recorded(VERSIONS[0], "applications")[0]
    started = play(spark_rest.check_application(row["id"]), lambda _: [row])
    assert started == row["attempts"][0]["startTimeEpoch"] / 1000
    for attempts in (None, [], 5, [5], [{}], [{"startTimeEpoch": "x"}], [{"startTimeEpoch": -1}]):
        rows = [{"id": "app-1", "attempts": attempts}]
        assert play(spark_rest.check_application("app-1"), lambda _, rows=rows: rows) is None


def test_a_look_carries_the_drivers_clock():
    """With it an executor's removal is as old as it is, whatever our clock says."""
    assert look(spark(VERSIONS[0], at=5.0)).clock == 5.0
    assert look(spark(VERSIONS[0])).clock is None


def test_a_stage_says_since_when_it_wants_executors():
    """Before a task of it was launched, too."""
    (stage,) = look(spark(VERSIONS[0])).stages
    submitted = recorded(VERSIONS[0], "stages")[0]["submissionTime"]
    assert stage.submitted == pytest.approx(datetime.fromisoformat(f"{submitted[:-3]}+00:00").timestamp())
    assert look(spark(VERSIONS[0], stages=[STAGE])).stages[0].submitted is None


def test_the_receiver_of_a_dstream_is_told_by_its_description():
    """Its stage lasts as long as the application."""
    receiver = {**STAGE, "description": "Streaming job running receiver 0"}
    found = look(spark(VERSIONS[0], stages=[receiver, STAGE])).stages
    assert [stage.unbounded for stage in found] == [True, False]


def cheap(server):
    asked = []
    view = play(spark_rest.executors("app-1"), lambda request: asked.append(request.url) or server(request))
    return view, [url.rpartition("/")[2] for url in asked]


def test_a_cheap_look_is_one_question():
    """While an executor lives; a thousand sensors ask it."""
    view, asked = cheap(spark(VERSIONS[0], at=5.0))
    assert asked == ["allexecutors"]
    assert [executor.active for executor in view.executors] == [True, False]
    assert (view.stages, view.clock) == ((), 5.0)


def test_a_cheap_look_asks_for_stages_where_no_executor_is_left():
    """Whether somebody waits for one."""
    dead = [row for row in recorded(VERSIONS[0], "allexecutors") if not row["isActive"]]
    view, asked = cheap(spark(VERSIONS[0], allexecutors=dead))
    assert asked == ["allexecutors", "stages?status=active"]
    assert len(view.stages) == 1


def test_an_application_id_cannot_leave_its_path():
    """It came over the job's channel."""
    dialogue = spark_rest.look("../x?y", details=False, local=False)
    assert next(dialogue).url == "/api/v1/applications/..%2Fx%3Fy/stages?status=active"


def test_the_drivers_row_is_an_executor_in_local_mode_alone():
    """There it does the work."""
    rows = recorded(VERSIONS[0], "allexecutors")
    here = look(spark(VERSIONS[0], allexecutors=rows), local=True).executors
    assert {executor.id for executor in here} == {"0", "1", "driver"}


def test_details_that_cannot_be_had_do_not_spoil_the_look():
    """404 before the first task has ended; the metrics servlet may be switched off."""
    refused = {name: Answer(404, b"no") for name in ("taskSummary", "taskList", "metrics")}
    view = look(spark(VERSIONS[0], **refused), details=True, dropped=7)
    assert view.stages[0].median_seconds is view.stages[0].longest_seconds is None
    assert view.dropped_events == 7
    view = look(spark(VERSIONS[0], taskSummary=None, taskList=None, metrics=None), details=True)
    assert view.stages[0].longest_seconds is None


def test_dropped_events_are_read():
    """Of the queue that feeds the API; the look before is remembered where none is said."""
    name = "spark.driver.LiveListenerBus.queue.appStatus.numDroppedEvents"
    for metrics, dropped in (
        ({"counters": {name: {"count": 12}, f"x{name}": 5}}, 12),
        ({"counters": {}}, 3),
        ({"counters": None}, 3),
        ({}, 3),
    ):
        assert look(spark(VERSIONS[0], metrics=metrics), details=True, dropped=3).dropped_events == dropped


@pytest.mark.parametrize(
    "summary", [{}, {"executorRunTime": []}, {"executorRunTime": [-1]}, {"executorRunTime": ["x"]}]
)
def test_a_summary_without_a_median_gives_none(summary):
    """Rather than 0."""
    assert look(spark(VERSIONS[0], taskSummary=summary), details=True).stages[0].median_seconds is None


def test_only_active_stages_count_and_only_so_many():
    """Of five the times are looked at; those that run nothing have none."""
    rows = [{**STAGE, "stageId": number} for number in range(300)]
    asked = []

    def server(request):
        asked.append(request.url)
        return spark(VERSIONS[0], stages=[{**STAGE, "status": "PENDING"}, *rows])(request)

    assert len(look(server, details=True).stages) == 200
    assert sum("taskSummary" in url for url in asked) == 5
    idle = look(
        spark(VERSIONS[0], stages=[{**STAGE, "numActiveTasks": -1}], taskList=[]), details=True
    ).stages[0]
    assert (idle.active, idle.launched) == (0, False)


@pytest.mark.parametrize("field", ["stageId", "attemptId", "numTasks", "numActiveTasks", "numCompleteTasks"])
def test_a_stage_without_its_numbers_is_unusable(field):
    """It would look as if nothing moved."""
    row = {name: value for name, value in STAGE.items() if name != field}
    with pytest.raises(UnusableAnswerError, match=f"a stage: {field} is missing or not a number"):
        look(spark(VERSIONS[0], stages=[row]))


@pytest.mark.parametrize("row", [{"id": "1"}, {"id": 1, "isActive": True}, {"id": "1", "isActive": "true"}])
def test_an_executor_without_id_or_state_is_unusable(row):
    """Whether it lives decides verdicts."""
    with pytest.raises(UnusableAnswerError, match="an executor: id or isActive is missing"):
        look(spark(VERSIONS[0], allexecutors=[row]))


def test_the_living_executors_are_kept_where_there_are_too_many():
    """The dead come last."""
    rows = [{"id": str(number), "isActive": number > 10_000} for number in range(10_005)]
    found = look(spark(VERSIONS[0], allexecutors=rows)).executors
    assert len(found) == 10_000
    assert [executor.id for executor in found[:4]] == ["10001", "10002", "10003", "10004"]
    assert found[4].removed == 0.0


def test_frames_of_another_shape_give_an_empty_stack():
    """The thread is still named."""
    for trace, stack in ((None, ()), ({"elems": 5}, ()), (["f\n", 5], ("f", ""))):
        (thread,) = play(
            spark_rest.threads("a", "1"), lambda _, t=trace: [{"threadName": "n", "stackTrace": t}]
        )
        assert (thread.name, thread.stack) == ("n", stack)


@given(values=st.lists(JSON, min_size=7, max_size=7), key=st.sampled_from(sorted(STAGE)), value=JSON)
def test_arbitrary_json_never_raises_anything_but_unusable(values, key, value):
    """Whatever port 4040 says: a view, or one sentence."""
    bodies = [json.dumps(one).encode() for one in values]
    stage = json.dumps([{**STAGE, key: value}]).encode()
    for server in (lambda _: Answer(200, bodies.pop() if bodies else b"[]", 5.0), broken(stage, values)):
        try:
            assert isinstance(look(server, details=True), DriverView)
        except UnusableAnswerError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it need not be raised


def broken(stage, values):
    def server(request):
        if "stages?" in request.url:
            return Answer(200, stage)
        return (
            []
            if "jobs" in request.url or "allexecutors" in request.url
            else {"": values, "counters": values[0]}
        )

    return server


@given(rows=st.lists(st.fixed_dictionaries({}, optional={
    "id": JSON, "isActive": JSON, "addTime": JSON, "removeTime": st.text().map("{}GMT".format), "removeReason": JSON,
    "executorLogs": JSON, "hostPort": JSON, "totalCores": JSON, "threadName": JSON, "stackTrace": JSON,
}), max_size=4))  # fmt: skip
def test_arbitrary_rows_never_raise_anything_but_unusable(rows):
    """Executors and threads."""
    for dialogue in (
        spark_rest.threads("a", "1"),
        spark_rest.look("a", details=False, local=True),
        spark_rest.executors("a"),
    ):
        with suppress(UnusableAnswerError):
            play(dialogue, lambda request: rows if "executors" in request.url else [])


@given(value=JSON, attempts=JSON)
def test_arbitrary_lists_of_applications_never_raise_anything_but_unusable(value, attempts):
    """Whatever port 4040 says of whose it is."""
    for rows in (
        value,
        [{"id": "app-1", "attempts": attempts}],
        [{"id": "app-1", "attempts": [value, {"startTimeEpoch": value}]}],
    ):
        with suppress(UnusableAnswerError):
            started = play(spark_rest.check_application("app-1"), lambda _, rows=rows: rows)
            assert started is None or started > 0
