"""The transport, against a server that lies."""

import asyncio
import json
import socket
import time
from contextlib import closing, contextmanager

import pytest

from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.rest import AsyncRestSource, RestSource
from tests.support.dialogue import recorded
from tests.support.web_server import say, serving

VERSION = "4.2.0"
APP = recorded(VERSION, "applications")[0]["id"]


@contextmanager
def source(reply, *, timeout=60.0, **kwargs):
    with serving(reply) as url:
        made = RestSource(AsyncRestSource(url, APP, timeout=timeout, **kwargs))
        try:
            yield made
        finally:
            made.close()


def spark(handler, form=None):
    """Answers as a real driver did."""
    path = handler.path.partition("?")[0]
    name = "metrics" if "/metrics/" in path else path.rpartition("/")[2]
    say(handler, json.dumps(recorded(VERSION, name)).encode())


def test_a_real_drivers_answers_give_a_view():
    """With details, from a server with a clock."""
    with source(spark) as driver:
        view = driver.look(details=True)
        assert view.jobs == 1
        assert view.stages[0].median_seconds > 0
        assert view.stages[0].longest_seconds > 0
        assert [executor.active for executor in view.executors] == [True, False]
        assert driver.threads("1")[0].name.startswith("Executor task launch worker")


def test_the_threads_of_many_executors_are_asked_for_together():
    """One executor that is gone is None."""

    def reply(handler, form):
        say(handler, status=404) if "/executors/2/" in handler.path else spark(handler)

    with source(reply) as driver:
        found = driver.threads_of(["1", "2", "3"], seconds=20.0)
    assert {name: bool(threads) for name, threads in found.items()} == {"1": True, "2": False, "3": True}


def test_whose_ui_it_is_is_asked_once():
    """And again after a look that failed: another application may have taken the port."""
    asked, failing = [], []

    def reply(handler, form):
        asked.append(handler.path)
        say(handler, status=500) if failing else spark(handler)

    with source(reply, local=True) as driver:
        assert len(driver.look().executors) == 3
        driver.look()
        assert sum(path.endswith("/applications") for path in asked) == 1
        failing.append(1)
        with pytest.raises(UnusableAnswerError, match="stages: HTTP status 500"):
            driver.look()
        failing.clear()
        driver.look()
        assert sum(path.endswith("/applications") for path in asked) == 2


def html(handler, form):
    say(handler, b"<html>login</html>")


def truncated(handler, form):
    say(handler, json.dumps(recorded(VERSION, "applications")).encode()[:50])


def cut_off(handler, form):
    say(handler, b"[", **{"Content-Length": "1000"})


def not_found(handler, form):
    say(handler, b"no such app", 404)


def error(handler, form):
    say(handler, b"<html>trace</html>", 500)


def another(handler, form):
    say(handler, b'[{"id": "app-other"}]')


def huge(handler, form):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" " * (1 << 20))


def swollen(handler, form):
    say(handler, b"\x1f\x8b\x08" + b"\0" * 100, **{"Content-Encoding": "gzip"})


def elsewhere(handler, form):
    say(handler, status=302, Location="http://example.invalid/api/v1/applications")


def to_a_file(handler, form):
    say(handler, status=302, Location="file:///etc/passwd")


def round_and_round(handler, form):
    say(handler, status=302, Location=handler.path)


def nonsense(handler, form):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (html, r"applications: not JSON but b'<html>login</html>' \(18 bytes\)"),
        (truncated, "applications: not JSON but "),
        (cut_off, "no answer: peer closed connection without sending complete message body"),
        (not_found, "applications: HTTP status 404, 'no such app'"),
        (error, "applications: HTTP status 500"),
        (another, f"the UI does not belong to {APP} but to app-other"),
        (huge, "the answer is larger than 8388608 bytes"),
        (swollen, "applications: not JSON but "),
        (elsewhere, "the answer is a redirect to another host, 'example.invalid'"),
        (to_a_file, "the answer is a redirect to another port, file:|no answer: "),
        (round_and_round, "the answer takes too many redirects"),
        (nonsense, "no answer: "),
    ],
)
def test_a_lie_is_one_sentence(reply, why):
    """Never another exception, and never a view."""
    with source(reply) as driver, pytest.raises(UnusableAnswerError, match=f"^{why}") as caught:
        driver.look()
    assert "\n" not in str(caught.value)


def test_a_redirect_on_the_same_host_is_followed():
    """YARN's proxy and UIs with TLS answer so."""

    def reply(handler, form):
        if handler.path.startswith("/proxy"):
            spark(handler)
        else:
            say(handler, status=302, Location=f"/proxy{handler.path}")

    with source(reply) as driver:
        assert driver.look().jobs == 1


def drip_body(handler, form):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def drip_headers(handler, form):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(200):
        handler.wfile.write(b"X")
        time.sleep(0.05)


def silent(handler, form):
    time.sleep(1)


@pytest.mark.parametrize("reply", [drip_body, drip_headers, silent])
def test_a_slow_server_does_not_hold_us(reply):
    """Every byte within the limit of one silence, and still an end."""
    with source(reply, timeout=0.2) as driver:
        begin = time.monotonic()
        with pytest.raises(
            UnusableAnswerError,
            match="no complete answer within 0.6 s|no answer: .* did not respond for 0.2 s",
        ):
            driver.look()
        assert time.monotonic() - begin < 60  # a server that drips never comes to an end


def test_details_that_come_too_late_do_not_spoil_the_look():
    """What was answered in time is kept."""

    def reply(handler, form):
        drip_body(handler, form) if "task" in handler.path else spark(handler)

    with source(reply, timeout=0.3) as driver:
        view = driver.look(details=True)
        assert view.jobs == 1
        assert view.stages[0].median_seconds is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}", "http://host.invalid:1", "ftp://h", "http://[", "h:4040"]
)
def test_nobody_there_is_one_sentence(url):
    """Refused, unknown, or no address at all."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    driver = RestSource(AsyncRestSource(url.format(port=port), APP, timeout=2.0))
    with pytest.raises(UnusableAnswerError, match="^no answer: "):
        driver.look()
    driver.close()


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    """The driver is the cluster's own."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with source(spark) as driver:
        assert driver.look().jobs == 1


def test_the_async_source_serves_many_at_once():
    """As a triggerer does."""

    async def looks(url):
        made = [AsyncRestSource(url, APP) for _ in range(5)]
        views = await asyncio.gather(*(one.look() for one in made))
        for one in made:
            await one.aclose()
        return views

    with serving(spark) as url:
        assert {view.jobs for view in asyncio.run(looks(url))} == {1}
