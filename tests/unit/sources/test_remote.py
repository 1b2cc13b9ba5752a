"""How an application is looked at: what each witness says, who is asked, and with what credentials."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager

import pytest

from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.sources import remote
from airflow_spark_guard.sources.http import MAX_BODY
from airflow_spark_guard.sources.remote import AsyncRemoteSource, RemoteSource
from tests.support.remote_site import dead, living, remote_site

ALL = ("driver_ui", "master_ui", "history_server")


@pytest.fixture
def site():
    with remote_site() as made:
        yield made


@contextmanager
def source(target, *given, **more):
    made = RemoteSource(AsyncRemoteSource(target, *given, timeout=60.0, **more))
    try:
        yield made
    finally:
        made.close()


def test_while_the_driver_answers_the_others_are_left_in_peace(site):
    """One cheap question a look, once it is known whose UI it is, and that the master knows no more than it."""
    with source(site.target(*ALL)) as looking:
        looking.look()
        before = time.time()
        seen = looking.look()
    assert (seen.application_id, seen.started, seen.driver_ui) == (site.id, site.started, site.driver_ui)
    assert [row.id for row in seen.executors] == ["0"]
    assert before - 1 <= seen.at <= time.time() + 1, "a driver's own clock has whole seconds"
    assert seen.manager is seen.history is None
    assert seen.silent == ()
    assert [path.rpartition("/")[2] for path in site.asked] == [
        "applications",
        "allexecutors",
        "",  # the master's /json/
        "?appId=app-1",
        "allexecutors",
    ]


def test_a_whole_look_asks_for_jobs_stages_and_the_master(site):
    """As the guard's watchdog wants them."""
    with source(site.target(*ALL), whole=True) as looking:
        seen = looking.look()
    assert seen.manager.state == "RUNNING"
    assert seen.driver.jobs == 0
    assert site.count("/stages") == site.count("/jobs") == 1
    assert seen.history is None


def test_the_master_says_where_the_driver_is(site):
    """It is looked for again when it falls silent: its port may have changed."""
    with source(site.target("master_ui")) as looking:
        assert looking.look().driver_ui == site.driver_ui
        site.driver = False
        seen = looking.look()
        assert seen.driver is None
        assert seen.manager.state == "RUNNING"
        assert dict(seen.silent) == {"driver": f"{site.driver_ui}: allexecutors: HTTP status 500"}
        site.driver = True
        assert looking.look().driver is not None
    assert site.count("/master/app/?appId=app-1") == 2


def test_every_witness_that_is_silent_says_why(site):
    """Nobody knows the application."""
    site.over(master=None, log=None)
    with source(site.target(*ALL)) as looking:
        seen = looking.look()
    assert seen.driver is None
    assert not seen.history.known
    assert seen.manager.state == ""
    assert dict(seen.silent) == {
        "driver": f"{site.driver_ui}: applications: HTTP status 500",
        "master": "knows no application app-1",
        "history server": "knows no application app-1",
    }


def test_a_master_that_is_down_leaves_the_driver_unknown(site):
    """Both are said."""
    site.master = "down"
    with source(site.target("master_ui")) as looking:
        seen = looking.look()
    assert seen.driver is seen.manager is None
    assert seen.why_silent.startswith(
        f"master: no living master: {site.master_ui}: the master: HTTP status 404"
    )
    assert seen.why_silent.endswith("driver: its address is not known")


def test_an_open_log_is_said_to_be_open(site):
    """A closed one says it all."""
    site.over(log="open")
    with source(site.target(*ALL)) as looking:
        seen = looking.look()
        assert ("history server", "its event log is still open") in seen.silent
        assert seen.started == site.started
        site.log = "closed"
        site.executors = [dead("0")]
        seen = looking.look()
    assert seen.history.completed
    assert [row.id for row in seen.executors] == ["0"]
    assert "history server" not in dict(seen.silent)


def test_a_driver_of_another_application_is_none(site):
    """Somebody else has taken port 4040."""
    with source(Target("app-2", driver_ui=site.driver_ui)) as looking:
        seen = looking.look()
    assert seen.driver is None
    assert "the UI does not belong to app-2 but to app-1" in seen.why_silent


def test_each_server_gets_its_own_credentials(site):
    """A driver that only the master names gets what the connection has for it, which may be none."""

    def access_for(url):
        return Access.bearer(url.rpartition("/")[2])

    with source(site.target("master_ui", "history_server"), access_for) as looking:
        looking.look()
        assert site.credentials == {"Bearer master", "Bearer driver"}
        site.over()
        looking.look()
    assert site.credentials == {"Bearer master", "Bearer driver", "Bearer history"}


@pytest.mark.parametrize("name", ["driver_ui", "history_server"])
def test_certificates_that_are_not_there_are_one_clear_error(site, name):
    """The connection is wrong, not the server."""
    with (
        pytest.raises(ConnectionMissingError, match="verify is not a file of certificates") as caught,
        source(site.target(name), lambda _: Access(verify="/nowhere.pem")) as looking,
    ):
        looking.look()
    assert caught.value.got == "/nowhere.pem: No such file or directory"


def test_an_application_is_ended_and_the_proof_waited_for(site):
    """At the master, which says so afterwards."""
    with source(site.target("master_ui")) as looking:
        assert looking.end(5.0) == ""
        assert site.master == "KILLED"
        assert looking.end(5.0) == "", "it stays ended"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deaf": True}, "the master does not report that it has ended"),
        ({"master": None}, "the master does not report that it has ended"),
        ({"master": "down"}, "no living master: "),
    ],
)
def test_an_end_that_cannot_be_proven_is_said(site, monkeypatch, change, said):
    """It is asked for again and again, for as long as was allowed."""
    monkeypatch.setattr(remote, "_TICK", 0.05)
    vars(site).update(change)
    with source(site.target("master_ui")) as looking:
        begin = time.monotonic()
        assert looking.end(1.0).startswith(said)
        assert 1.0 <= time.monotonic() - begin < 60
    assert site.count("/master/json/") >= 3


def test_without_a_master_nothing_can_be_ended(site):
    """Nor without an id."""
    with source(site.target("driver_ui")) as looking:
        text = looking.end(5.0)
    assert text.startswith("The application cannot be killed from here. Give master=")
    unnamed = AsyncRemoteSource(Target(name="x", master_ui=site.master_ui))

    async def kill():
        try:
            await unnamed.kill()
        finally:
            await unnamed.aclose()

    with pytest.raises(ApplicationError, match="the application's id is not known"):
        asyncio.run(kill())


def test_a_source_may_be_closed_twice(site):
    """A sensor that fails closes it on its way."""
    looking = RemoteSource(AsyncRemoteSource(site.target("driver_ui")))
    looking.look()
    looking.close()
    looking.close()


def test_an_executor_that_died_before_it_registered_is_told_by_the_master(site):
    """The driver has no record of it, and nothing in its list shows that. The master is asked once."""
    site.executors = [living("0")]
    site.page_executors = [("0", "RUNNING"), ("1", "LOST")]
    with source(site.target("driver_ui", "master_ui")) as looking:
        found = [looking.look() for _ in range(3)][-1]
    assert [(row.id, row.active, row.reason[:4], row.host) for row in found.executors] == [
        ("0", True, "", "worker-1"),
        ("1", False, "LOST", "node7"),
    ]
    assert site.count("/master/app/?appId=app-1") == 1


def test_an_executor_that_starts_is_followed_at_the_master_until_it_has_registered(site):
    """It may die before: that is seen at the next look, not half a minute later."""
    site.executors = [living("0")]
    site.page_executors = [("0", "RUNNING"), ("1", "LAUNCHING")]
    with source(site.target("driver_ui", "master_ui")) as looking:
        assert len(looking.look().executors) == 1
        site.page_executors = [("0", "RUNNING"), ("1", "EXITED")]
        assert [row.active for row in looking.look().executors] == [True, False]
        looking.look()
    assert site.count("/master/app/?appId=app-1") == 2


def test_in_a_triggerer_a_large_answer_is_not_read(site):
    """One event loop and its memory are for all triggers; a task of its own reads more."""
    site.executors = [{**living(str(number)), "more": "x" * 1000} for number in range(1200)]
    with source(site.target("driver_ui")) as looking:
        seen = looking.look()
    assert seen.driver is None
    assert "the answer is larger than 1048576 bytes" in dict(seen.silent)["driver"]
    with source(site.target("driver_ui"), max_body=MAX_BODY) as looking:
        assert len(looking.look().executors) == 1200
