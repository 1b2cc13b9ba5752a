import asyncio
import threading

import pytest

from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError
from airflow_spark_guard.sources.http import HttpSource
from tests.support.web_server import say, serving


def ask(dialogue, base="", access=None):
    async def run():
        source = HttpSource(base, timeout=60.0, access=access)
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
        with pytest.raises(UnusableAnswerError, match=f"is a redirect to another port, {other}$"):
            ask(once(Request("/away")), url, access)
        with pytest.raises(UnusableAnswerError, match="is not a valid port"):
            ask(once(Request(f"{url}9/")), url, access)
    assert seen == [("/ours", "s3cret"), ("/logPage", None), ("/away", "s3cret")]


class Negotiating:
    """A server behind Kerberos: a token counts once, and then its cookie; it says what it was sent."""

    def __init__(self, *, cookie=True, accepts=True, offer="Negotiate"):
        self.cookie, self.accepts, self.offer = cookie, accepts, offer
        self.seen, self.spent = [], set()

    def __call__(self, handler, form):
        sent, cookie = handler.headers.get("Authorization"), handler.headers.get("Cookie")
        self.seen.append((handler.command, handler.path, sent, cookie, form))
        fresh = sent is not None and sent not in self.spent and self.accepts
        if fresh:
            self.spent.add(sent)
            more = {"Set-Cookie": "hadoop.auth=u=airflow; Path=/"} if self.cookie else {}
            say(handler, b"ok", **{"WWW-Authenticate": "Negotiate c2VydmVy"}, **more)
        elif cookie:
            say(handler, b"ok")
        else:
            say(handler, b"who?", 401, **{"WWW-Authenticate": self.offer})


class Tokens:
    """Stands in for Kerberos: each token is another one."""

    def __init__(self):
        self.hosts = []

    def __call__(self, host):
        self.hosts.append(host)
        return f"token{len(self.hosts)}"


def twice(request):
    first = yield request
    second = yield request
    return first, second


def test_a_server_that_asks_for_a_kerberos_token_gets_one_and_remembers_it():
    """One for its host, and from then on its cookie."""
    server, tokens = Negotiating(), Tokens()
    with serving(server) as url:
        answers = ask(twice(Request("/ws")), url, Access(negotiate=tokens))
    assert [answer.body for answer in answers] == [b"ok", b"ok"]
    assert tokens.hosts == ["127.0.0.1"]
    assert [sent for _, _, sent, _, _ in server.seen] == [None, "Negotiate token1", None]
    assert server.seen[2][3] == "hadoop.auth=u=airflow"


@pytest.mark.parametrize("offer", ["Negotiate", "negotiate", 'Basic realm="x", Negotiate'])
def test_without_a_cookie_each_question_needs_a_token_of_its_own(offer):
    """A server refuses one that it has seen; what is sent comes twice, whole."""
    server, tokens = Negotiating(cookie=False, offer=offer), Tokens()
    with serving(server) as url:
        answers = ask(twice(Request("/kill", {"state": "KILLED"})), url, Access(negotiate=tokens))
    assert [answer.body for answer in answers] == [b"ok", b"ok"]
    assert len(tokens.hosts) == 2
    assert {form for *_, form in server.seen} == {"state=KILLED"}


def test_a_token_that_is_refused_is_an_answer_and_not_a_loop():
    server, tokens = Negotiating(accepts=False), Tokens()
    with serving(server) as url:
        assert ask(once(Request("/")), url, Access(negotiate=tokens)).status == 401
    assert len(tokens.hosts) == 1


def test_nobody_else_is_given_a_token():
    """Not an address that the server names, nor one that asks for something else, nor without a ticket."""
    server, tokens = Negotiating(), Tokens()
    with (
        serving(server) as url,
        serving(Negotiating()) as other,
        serving(Negotiating(offer="Basic")) as basic,
    ):
        assert ask(once(Request(f"{other}/logs")), url, Access(negotiate=tokens)).status == 401
        assert ask(once(Request("/")), basic, Access(negotiate=tokens)).status == 401
        assert ask(once(Request("/")), url).status == 401
    assert tokens.hosts == []


def test_what_a_login_has_left_does_not_follow_a_redirect_to_another_port():
    """The cookie is as good as a token."""
    seen = []

    def elsewhere(handler, form):
        seen.append((handler.headers.get("Authorization"), handler.headers.get("Cookie")))
        say(handler, b"page")

    def away(handler, form):
        if handler.headers.get("Authorization") is None:
            return say(handler, status=401, **{"WWW-Authenticate": "Negotiate"})
        return say(handler, status=302, Location=f"{other}/", **{"Set-Cookie": "hadoop.auth=us; Path=/"})

    with (
        serving(elsewhere) as other,
        serving(away) as url,
        pytest.raises(UnusableAnswerError, match="redirect to another port"),
    ):
        ask(once(Request("/")), url, Access(negotiate=Tokens()))
    assert seen == []


def test_without_a_ticket_the_reason_is_the_answer():
    def none(host):
        raise UnusableAnswerError(f"no Kerberos token for HTTP@{host}: no ticket")

    with serving(Negotiating()) as url, pytest.raises(UnusableAnswerError, match="HTTP@127.0.0.1: no ticket"):
        ask(once(Request("/")), url, Access(negotiate=none))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("form", [None, {"id": "app-1"}])
def test_a_redirect_to_another_port_is_not_followed(status, form):
    """Of the same host: it may be anybody's, and would be sent the form that ends an application."""
    asked = []

    def away(handler, _):
        say(handler, status=status, Location=f"{other}/app/kill/")

    def listening(handler, form):
        asked.append((handler.command, form))
        say(handler, b"{}")

    with serving(away) as url, serving(listening) as other:
        with pytest.raises(UnusableAnswerError, match=f"redirect to another port, {other}$") as caught:
            ask(once(Request("/app/kill/", form)), url)
        assert "to the one that it redirects to" in caught.value.advice
    assert asked == []


def test_a_redirect_to_another_scheme_is_not_followed():
    """It is another port as well."""
    away = "redirect to another port, https://127.0.0.1:443$"
    with (
        serving(lambda handler, _: say(handler, status=302, Location="https://127.0.0.1/")) as url,
        pytest.raises(UnusableAnswerError, match=away),
    ):
        ask(once(Request("/")), url)


@pytest.mark.parametrize("status", [307, 308])
def test_what_was_posted_is_not_sent_again(status):
    """Whatever the server wants; a page is asked for again."""
    asked = []

    def reply(handler, form):
        asked.append((handler.path, form))
        say(handler, status=status, Location="/b") if handler.path == "/a" else say(handler, b"ok")

    with serving(reply) as url:
        with pytest.raises(
            UnusableAnswerError, match="the answer to a POST is a redirect that would repeat it"
        ):
            ask(once(Request("/a", {"id": "app-1"})), url)
        assert ask(once(Request("/a")), url).body == b"ok"
    assert asked == [("/a", "id=app-1"), ("/a", None), ("/b", None)]


def test_a_large_answer_is_read_on_a_thread():
    """The event loop has others to serve; a small one is not worth it."""
    loops = threading.get_ident()
    seen = []

    def dialogue():
        for path in ("/small", "/large"):
            yield Request(path)
            seen.append(threading.get_ident() == loops)
        return "read"

    with serving(
        lambda handler, _: say(handler, b"x" * (100_000 if handler.path == "/large" else 10))
    ) as url:
        assert ask(dialogue(), url) == "read"
    assert seen == [True, False]


@pytest.mark.parametrize(
    "error", [OverflowError, KeyError, AttributeError, RecursionError, TypeError, ValueError]
)
def test_an_answer_of_a_shape_that_nobody_has_thought_of_is_an_error_of_ours(error):
    """On the loop and beside it."""

    def dialogue(path):
        yield Request(path)
        raise error("x")

    with serving(lambda handler, _: say(handler, b"x" * int(handler.path[1:]))) as url:
        for size in (10, 100_000):
            with pytest.raises(UnusableAnswerError, match=rf"the answer cannot be read \({error.__name__}\)"):
                ask(dialogue(f"/{size}"), url)


PLACES = [
    "http://xn--a/", "http://" + "a" * 70 + "/", "http://[::1", "//", "http:///", "http://h:99999/", "http://%zz/",
    "mailto:x", "data:,x", "http://a..b/", "http://127.0.0.1:0/", "/" + "x" * 70_000, "http://\xff/", "file:///etc/passwd",
    "http://" + "1" * 400 + "/", "http://" + "." * 300, " ", "http://ex ample/", "http://\x00/",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: repr(place[:20]))
@pytest.mark.parametrize("form", [None, {"a": "b"}])
def test_whatever_a_redirect_names_is_an_error_of_ours(place, form):
    """Names of hosts that are none raise errors of their own, in libraries far below."""
    head = f"HTTP/1.1 302 X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    with (
        serving(lambda handler, _: handler.wfile.write(head)) as url,
        pytest.raises(UnusableAnswerError) as caught,
    ):
        ask(once(Request("/", form)), url)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "url", ["http://xn--a/", "http://h\x00/", "http://\ud800/", "http://ex ample/", "http://h:x/"]
)
def test_an_address_that_is_none_is_an_error_of_ours(url):
    """A worker's log page is named by whoever runs the master."""
    with pytest.raises(UnusableAnswerError):
        ask(once(Request(url)))


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "Mon, 1 Jan 2024 00:00:00 -99999999999999",
        "1" * 500,
        "\xff",
        "Mon, 31 Feb 2024 25:61:61 GMT",
    ],
)
def test_a_date_that_is_none_is_no_date(date):
    """Nor an exception."""
    head = f"HTTP/1.1 200 X\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    with serving(lambda handler, _: handler.wfile.write(head)) as url:
        assert ask(once(Request("/")), url).at is None
