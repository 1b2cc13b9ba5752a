"""A history server's word on an application: whether its log was closed, what it lost, whether it ended well."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.web import history_rest
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from airflow_spark_guard.core.web.snapshot import History
from tests.support.dialogue import VERSIONS, play, recorded
from tests.unit.core.web.test_spark_rest import JSON

START = 1_800_000_000
DEAD = {"id": "0", "isActive": False, "removeReason": "Command exited with code 137"}


def attempt(start=START, *, end=None, touched=None, **more):
    return {
        "startTimeEpoch": start * 1000,
        "endTimeEpoch": -1 if end is None else end * 1000,
        "lastUpdatedEpoch": (touched or end or start) * 1000,
        "completed": end is not None,
        **more,
    }


def server(*attempts, failed=(), succeeded=(), executors=(), asked=None):
    """A history server with one application's log; a None is no answer."""

    def answer(request):
        if asked is not None:
            asked.append(request.url)
        path, _, query = request.url.partition("?")
        if path.endswith("/allexecutors"):
            return executors and list(executors)
        if path.endswith("/jobs"):
            assert query == "status=failed"
            return [{"jobId": number} for number in failed] if failed is not None else Answer(500, b"")
        if "/jobs/" in path:
            number = int(path.rpartition("/")[2])
            if succeeded is None:
                return Answer(500, b"")
            return {"jobId": number} if number in succeeded else Answer(404, b"unknown job")
        return {"id": "app-1", "attempts": list(attempts)}

    return answer


def ask(answer, application_id="app-1"):
    return play(history_rest.application(application_id), answer)


def named(*rows, since=START, **how):
    return play(history_rest.named("nightly", since, **how), lambda _: list(rows))


def row(id_, *attempts, name="nightly"):
    return {"id": id_, "name": name, "attempts": list(attempts)}


def test_a_closed_log_is_completed():
    """With its times, by the driver's clock, and the executors that it has lost."""
    found = ask(server(attempt(end=START + 60), executors=[DEAD]))
    assert (found.known, found.completed, found.started, found.ended) == (True, True, START, START + 60)
    assert not found.last_job_failed
    assert [executor.id for executor in found.executors] == ["0"]


def test_an_open_log_is_known_and_no_end():
    """Its jobs are not asked for."""
    asked = []
    found = ask(server(attempt(), asked=asked))
    assert (found.known, found.completed, found.ended) == (True, False, None)
    base = "/api/v1/applications/app-1"
    assert asked == [base, f"{base}/allexecutors"]


def test_an_application_that_it_does_not_know_is_unknown():
    """Not an error: the log may come later."""
    assert ask(lambda _: Answer(404, b"no such app: app-1")) == History()
    assert ask(server()) == History()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_spark_is_understood(version):
    """A recorded row, as a history server lists it too."""
    row = recorded(version, "applications")[0]

    def answer(request):
        return recorded(version, "allexecutors") if request.url.endswith("/allexecutors") else row

    found = ask(answer, row["id"])
    assert (found.known, found.completed) == (True, False)
    assert found.started == row["attempts"][0]["startTimeEpoch"] / 1000
    assert [executor.active for executor in found.executors] == [True, False]


@pytest.mark.parametrize(
    ("failed", "succeeded", "bad"),
    [
        ((), (0, 1), False),
        ((3,), (0, 2), True),
        ((3,), (), True),
        ((1, 3), (0, 4), False),
    ],
)
def test_the_newest_job_says_whether_the_end_was_a_good_one(failed, succeeded, bad):
    """A failure that was made up for is none. Jobs are numbered in turn."""
    assert ask(server(attempt(end=START + 1), failed=failed, succeeded=succeeded)).last_job_failed is bad


@pytest.mark.parametrize(("failed", "succeeded"), [(None, (0,)), ((3,), None)])
def test_jobs_that_cannot_be_read_are_no_good_end(failed, succeeded):
    """A history server that is overloaded is asked again at the next look."""
    with pytest.raises(UnusableAnswerError, match="HTTP status 500"):
        ask(server(attempt(end=START + 1), failed=failed, succeeded=succeeded))


def test_the_newest_attempt_counts():
    """On YARN each has a log of its own."""
    asked = []
    first, second = attempt(attemptId="1", end=START + 5), attempt(START + 9, attemptId="2")
    found = ask(server(first, second, asked=asked))
    assert (found.completed, found.started) == (False, START + 9)
    assert asked[1:] == ["/api/v1/applications/app-1/2/allexecutors"]


def test_an_application_id_cannot_leave_its_path():
    """It may come out of a template."""
    assert next(history_rest.application("../x?y")).url == "/api/v1/applications/..%2Fx%3Fy"


def test_executors_that_cannot_be_had_spoil_the_answer():
    """Restarts that nobody counted would else pass for none."""
    with pytest.raises(UnusableAnswerError, match="no answer"):
        ask(server(attempt(end=START + 1), executors=None))


def test_all_running_applications_of_a_name_are_told():
    """Whoever asks for one of them has to choose."""
    assert named(row("a", attempt()), row("b", attempt()), row("c", attempt(), name="other")) == ("a", "b")
    assert named(row("a", attempt()), row("b", attempt(end=START + 9))) == ("a",), (
        "the ended one is an earlier run"
    )
    assert named(row("a")) == ()


def test_the_newest_that_ended_since_the_watch_began_is_told():
    """It may have been too short to be seen running; what ended before is somebody's earlier run."""
    assert named(row("b", attempt(end=START + 9)), row("a", attempt(end=START + 5))) == ("b",)
    assert named(row("a", attempt(START - 99, end=START - 1))) == ()


def test_a_log_that_nobody_has_written_to_for_long_does_not_run():
    """A driver that was killed leaves it open for ever."""
    assert named(row("a", attempt(START - 9999, touched=START - 601))) == ()
    assert named(row("a", attempt(START - 9999, touched=START - 599))) == ("a",)


def test_a_driver_that_has_run_for_long_lists_itself():
    """It gives its start as its last change, and is no log."""
    assert named(row("a", attempt(START - 9999)), driver=True) == ("a",)
    assert named(row("a", attempt(START - 9999, end=START - 999)), driver=True) == ()


@given(value=JSON, attempts=JSON, body=st.binary(max_size=20), field=JSON)
def test_arbitrary_answers_never_raise_anything_but_unusable(value, attempts, body, field):
    """Whatever port 18080 says."""
    rough = {
        "name": "nightly",
        "attempts": [{"completed": True, "startTimeEpoch": field, "endTimeEpoch": field}],
    }
    for reply in (value, [value], {"attempts": attempts}, [{"name": "nightly", "attempts": attempts}], rough,
                  [rough], Answer(200, body), Answer(404, body), None):  # fmt: skip
        for dialogue in (history_rest.application("app-1"), history_rest.named("nightly", 0.0)):
            with suppress(UnusableAnswerError):
                assert isinstance(play(dialogue, lambda _, reply=reply: reply), History | tuple)
