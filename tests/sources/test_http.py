import asyncio

import pytest

from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError
from airflow_spark_guard.sources.http import HttpSource
from tests.support.web_server import say, serving


def ask(dialogue, base="", access=None):
    async def run():
        source = HttpSource(base, timeout=2.0, access=access)
        try:
            return await source.run(dialogue)
        finally:
            await source.aclose()

    return asyncio.run(run())


def once(request):
    return (yield request)


def test_a_path_starts_at_the_base_and_a_whole_address_is_taken_as_it_is():
    """A base may have a path of its own, as behind a proxy."""
    asked = []

    def reply(handler, form):
        asked.append(handler.path)
        say(handler, b"ok")

    with serving(reply) as url:
        assert ask(once(Request("/api")), f"{url}/proxy/app-1/").body == b"ok"
        ask(once(Request(f"{url}/json/")))
    assert asked == ["/proxy/app-1/api", "/json/"]


def test_a_form_is_posted_and_its_redirect_is_got():
    """As the master's page answers a kill."""
    asked = []

    def reply(handler, form):
        asked.append((handler.command, handler.path, form))
        say(handler, status=302, Location="/") if form else say(handler, b"page")

    with serving(reply) as url:
        assert ask(once(Request("/app/kill/", {"id": "app-1"})), url).body == b"page"
    assert asked == [("POST", "/app/kill/", "id=app-1"), ("GET", "/", None)]


def test_the_servers_clock_is_read_where_it_has_one():
    """A date that is none is none."""
    with serving(lambda handler, _: say(handler)) as url:
        assert ask(once(Request("/")), url).at > 1.7e9

    def wrong(handler, form):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nDate: yesterday\r\nContent-Length: 0\r\n\r\n")

    with serving(wrong) as url:
        assert ask(once(Request("/")), url).at is None


def test_a_request_may_have_a_method_and_a_body_of_its_own():
    """As YARN and Kubernetes want it."""
    asked = []

    def reply(handler, form):
        asked.append((handler.command, handler.headers["Content-Type"], form))
        say(handler, b"ok")

    with serving(reply) as url:
        ask(once(Request("/", body={"state": "KILLED"})), url)
        ask(once(Request("/", method="DELETE")), url)
    assert asked == [("POST", "application/json", '{"state":"KILLED"}'), ("DELETE", None, None)]


def test_credentials_are_sent_to_their_server_alone():
    """Neither to an address that it names, nor to one whose begin is the same, nor to where it redirects."""
    seen = []

    def reply(handler, form):
        seen.append((handler.path, handler.headers["X-Key"]))
        if handler.path == "/away":
            return say(handler, status=302, Location=f"{other}/login")
        return say(handler, b"ok")

    access = Access({"X-Key": "s3cret"})
    with serving(reply) as url, serving(reply) as other:
        ask(once(Request("/ours")), url, access)
        ask(once(Request(f"{other}/logPage")), url, access)
        ask(once(Request("/away")), url, access)
        with pytest.raises(UnusableAnswerError, match="is no port"):
            ask(once(Request(f"{url}9/")), url, access)
    assert seen == [("/ours", "s3cret"), ("/logPage", None), ("/away", "s3cret"), ("/login", None)]
