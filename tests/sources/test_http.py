import asyncio

from airflow_spark_guard.core.web.answer import Request
from airflow_spark_guard.sources.http import HttpSource
from tests.support.web_server import say, serving


def ask(dialogue, base=""):
    async def run():
        source = HttpSource(base, timeout=2.0)
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
