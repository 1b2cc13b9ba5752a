import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.watch.observation import Master
from airflow_spark_guard.core.web import master_json
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from airflow_spark_guard.core.web.master_page import ApplicationPage
from airflow_spark_guard.core.web.snapshot import Manager
from tests.support.dialogue import VERSIONS, play, recorded
from tests.unit.core.web.test_spark_rest import JSON

MASTERS = master_json.addresses("spark://m1:7077,m2:7077")
APP = {"id": "app-1", "state": "RUNNING"}


def state(url="spark://m1:7077", status="ALIVE", **more):
    return {"url": url, "status": status, "workers": [], "activeapps": [], "completedapps": [], **more}


def test_a_master_url_names_each_master():
    """A local one names none."""
    assert MASTERS == ("spark://m1:7077", "spark://m2:7077")
    assert master_json.addresses("local[2]") == master_json.addresses("yarn") == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_spark_is_understood(version):
    """Recorded answers of real masters: one worker, full, one application."""
    found = recorded(version, "master")
    ours = found["activeapps"][0]["id"]
    server = lambda _: found  # noqa: E731
    assert play(master_json.look((found["url"],), None, ours), server) == Master(
        known=True, waiting=False, workers=((0, 0, 2, 1024),)
    )
    assert play(master_json.look((), "http://ui:1", "app-other"), server).known is False
    assert play(master_json.gone((found["url"],), None, ours), server) is False


def test_an_application_may_wait_and_dead_workers_do_not_count():
    """Only what is alive has room."""
    workers = [
        {"state": "ALIVE", "cores": 4, "coresused": 1, "memory": 4096, "memoryused": 1024},
        {"state": "DEAD", "cores": 8, "memory": 9999},
    ]
    found = state(activeapps=[{"id": "app-1", "state": "WAITING"}], workers=workers)
    view = play(master_json.look(MASTERS, None, "app-1"), lambda _: found)
    assert view == Master(known=True, waiting=True, workers=((3, 3072, 4, 4096),))
    assert play(master_json.look(MASTERS, None, None), lambda _: found).known is False


def test_a_guessed_page_is_believed_only_when_it_names_our_master():
    """Whatever else may listen on port 8080. A page that somebody named is believed."""
    other = state(url="spark://elsewhere:7077")
    with pytest.raises(UnusableAnswerError) as caught:
        play(master_json.look(MASTERS, None, None), lambda _: other)
    assert str(caught.value) == (
        "no living master: http://m1:8080 belongs to another master; http://m2:8080 belongs to another master"
    )
    assert play(master_json.look(MASTERS, "http://proxy/spark/", None), lambda _: other).known is False


def test_a_master_on_standby_is_skipped():
    """And one that does not answer."""
    asked = []

    def server(request):
        asked.append(request.url)
        return state(status="STANDBY") if "m1" in request.url else state("spark://m2:7077", activeapps=[APP])

    assert play(master_json.look(MASTERS, None, "app-1"), server).known
    assert asked == ["http://m1:8080/json/", "http://m2:8080/json/"]
    with pytest.raises(
        UnusableAnswerError, match="no living master: http://m1:8080 is STANDBY; http://m2:8080: no answer"
    ):
        play(
            master_json.look(MASTERS, None, None),
            lambda r: state(status="STANDBY") if "m1" in r.url else None,
        )
    with pytest.raises(UnusableAnswerError, match="no living master: none is known"):
        play(master_json.look((), None, None), lambda _: None)


def test_a_password_in_an_address_is_not_shown():
    """The sentence goes to the log."""
    with pytest.raises(UnusableAnswerError) as caught:
        play(master_json.look(MASTERS, "http://me:hunter2@m1:8080", None), lambda _: None)
    assert str(caught.value) == "no living master: http://me:******@m1:8080: no answer"


def test_the_page_of_an_ipv6_master_is_asked():
    """Its address keeps the brackets."""
    assert next(master_json.look(("spark://[::1]:7077",), None, None)).url == "http://[::1]:8080/json/"


def test_gone_is_said_only_when_the_master_says_so():
    """A master that has forgotten the application proves nothing."""
    for found, gone in (
        (state(completedapps=[APP]), True),
        (state(activeapps=[APP]), False),
        (state(), None),
        (None, None),
        (state(activeapps=5), None),
    ):
        assert play(master_json.gone(MASTERS, "http://m1:1", "app-1"), lambda _, f=found: f) is gone


class Cluster:
    """A master that ends an application when it is told in the right way."""

    def __init__(self, *, token=None, deaf=False):
        self.token, self.deaf, self.asked, self.over = token, deaf, [], False

    def __call__(self, request):
        self.asked.append((request.url.removeprefix("http://m1:1"), request.form))
        if request.url.endswith("/json/"):
            return state(**{"completedapps" if self.over else "activeapps": [APP]})
        if request.form is None:
            return Answer(200, b'<form><input type="hidden" name="csrfToken" value="abc123=="/></form>')
        if request.form.get("csrfToken") != self.token:
            return Answer(403, b"<html>")
        self.over = not self.deaf
        return Answer(200, b"<html>")


def test_an_application_is_killed_and_the_master_asked_again():
    """What counts is what it says afterwards."""
    cluster = Cluster()
    assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), cluster) is True
    assert cluster.asked[1] == ("/app/kill/", {"id": "app-1", "terminate": "true"})
    deaf = Cluster(deaf=True)
    assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), deaf) is False


def test_the_token_of_the_page_is_sent_where_one_is_wanted():
    """Spark 4.3 refuses a form without."""
    cluster = Cluster(token="abc123==")
    assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), cluster) is True
    assert [path for path, _ in cluster.asked] == ["/json/", "/app/kill/", "/", "/app/kill/", "/json/"]


def test_a_page_without_a_token_leaves_the_application_alive():
    """And that is said."""

    def server(request):
        if request.url.endswith("/json/"):
            return state(activeapps=[APP])
        return Answer(403, b"<html>")

    assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), server) is False


def test_nothing_is_posted_for_an_application_that_is_not_there():
    """It has ended, or is another cluster's."""
    for found, killed in ((state(completedapps=[APP]), True), (state(), False)):
        asked = []
        server = lambda request, f=found, a=asked: a.append(request) or f  # noqa: E731
        assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), server) is killed
        assert len(asked) == 1


def test_a_kill_whose_answer_is_lost_is_judged_by_what_follows():
    """The connection may break while the master obeys."""
    over = []

    def server(request):
        if request.form is not None:
            return over.append(1)
        return state(**{"completedapps" if over else "activeapps": [APP]})

    assert play(master_json.kill(MASTERS, "http://m1:1", "app-1"), server) is True


def row(id_, state="RUNNING", *, start=1000, duration=0, name="nightly"):
    return {"id": id_, "state": state, "name": name, "starttime": start * 1000, "duration": duration * 1000}


def standing(found, application_id="app-1"):
    return play(master_json.application(MASTERS, None, application_id), lambda _: found)


def named(*, since=0.0, **groups):
    return play(master_json.named(MASTERS, None, "nightly", since), lambda _: state(**groups))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_master_says_how_an_application_stands(version):
    """Since when, too."""
    found = recorded(version, "master")
    (ours,) = found["activeapps"]
    told = play(master_json.application((found["url"],), None, ours["id"]), lambda _: found)
    assert (told.state, told.started, told.alive) == ("RUNNING", ours["starttime"] / 1000, True)
    assert told.master.known
    dialogue = master_json.named((found["url"],), None, "recorded", 0.0)
    assert play(dialogue, lambda _: found) == (ours["id"],)


@pytest.mark.parametrize("word", ["WAITING", "RUNNING", "FINISHED", "FAILED", "KILLED"])
def test_the_masters_word_is_told_as_it_is(word):
    """Whether it is believed is for others to say."""
    group = "activeapps" if word in {"WAITING", "RUNNING"} else "completedapps"
    assert standing(state(**{group: [row("app-0"), row("app-1", word)]})).state == word


def test_an_application_that_the_master_does_not_know_has_no_state():
    """Nor one of whom it says what nobody has heard of."""
    assert standing(state()) == Manager(master=Master(known=False, waiting=False))
    assert standing(state(activeapps=[row("app-1", "DREAMING")])).state == ""


def test_what_runs_goes_before_what_has_ended():
    """A master that started anew gives an id again."""
    found = state(activeapps=[row("app-1", start=5)], completedapps=[row("app-1", "KILLED", start=2)])
    assert standing(found).state == "RUNNING"


def test_all_running_applications_of_a_name_are_told():
    """Whoever asks for one of them has to choose; earlier runs do not matter then."""
    found = named(
        activeapps=[row("a"), row("b", "WAITING"), row("c", name="other")],
        completedapps=[row("d", "FINISHED")],
    )
    assert found == ("a", "b")


def test_the_newest_that_ended_since_the_watch_began_is_told():
    """It may have been too short to be seen running; what ended before is somebody's earlier run."""
    ended = [row("a", "FINISHED", start=100, duration=50), row("b", "KILLED", start=120, duration=10)]
    assert named(completedapps=ended, since=125.0) == ("b",)
    assert named(completedapps=ended, since=131.0) == ("a",)
    assert named(completedapps=ended, since=151.0) == ()


def test_the_page_of_an_application_says_where_its_driver_is():
    """The JSON does not."""
    asked = []

    def server(request, page):
        asked.append(request.url)
        return state() if request.url.endswith("/json/") else Answer(200, page)

    for page, url in (
        (
            b'<li><strong><a href="http://d:4040/">\n Application Detail UI </a></strong></li>',
            "http://d:4040",
        ),
        (
            b'<a href="http://d:4040/?a=1&amp;b=2" class="x">Application Detail UI</a>',
            "http://d:4040/?a=1&b=2",
        ),
        (b'<a href="javascript:alert(1)">Application Detail UI</a>', ""),
        (b'<a href="/proxy/app-1/">Application Detail UI</a>', ""),
        (b"<html>nothing</html>", ""),
    ):
        dialogue = master_json.page(MASTERS, "http://ui:1", "a/b")
        assert play(dialogue, lambda request, page=page: server(request, page)).driver_ui == url
    assert asked[1] == "http://ui:1/app/?appId=a%2Fb"


@given(value=JSON, apps=JSON, body=st.binary(max_size=50))
def test_arbitrary_answers_about_an_application_never_raise_anything_but_unusable(value, apps, body):
    """Whatever port 8080 says."""
    rough = [{"id": "app-1", "name": "nightly", "state": value, "starttime": value, "duration": value}]
    for reply in (value, state(activeapps=apps), state(completedapps=apps), state(activeapps=rough),
                  state(completedapps=rough), Answer(200, body), None):  # fmt: skip
        for ask in (
            master_json.application(MASTERS, None, "app-1"),
            master_json.named(MASTERS, None, "nightly", 0.0),
            master_json.page(MASTERS, None, "app-1"),
            master_json.kill(MASTERS, None, "app-1"),
        ):
            with suppress(UnusableAnswerError):
                assert isinstance(
                    play(ask, lambda _, reply=reply: reply), Manager | tuple | ApplicationPage | bool
                )


@given(value=JSON, workers=JSON, apps=JSON)
def test_arbitrary_json_never_raises_anything_but_unusable(value, workers, apps):
    """Whatever port 8080 says."""
    for body in (
        value,
        state(workers=workers, activeapps=apps),
        state(workers=[{"state": "ALIVE", "cores": value}]),
    ):
        server = lambda _, b=body: Answer(200, json.dumps(b).encode())  # noqa: E731
        try:
            assert isinstance(play(master_json.look(MASTERS, None, "app-1"), server), Master)
        except UnusableAnswerError as error:
            assert len(str(error)) < 1000  # noqa: PT017 - it need not be raised
