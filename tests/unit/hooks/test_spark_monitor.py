"""The hook on servers on loopback: what it asks, what it tells, and whom it gives its credentials."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import ExitStack, suppress
from importlib.resources import files

import jsonschema
import pytest

from airflow_spark_guard import SparkMonitorHook
from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError, MonitorError
from airflow_spark_guard.core.remote.monitor_connection import EXTRAS
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.provider_info import get_provider_info
from tests.support.dialogue import recorded
from tests.support.paths import ROOT
from tests.support.tls import Authority, in_tls
from tests.support.web_server import say, serving

pytestmark = pytest.mark.usefixtures("airflow_db")
SPARK = "4.3.0"
APP = recorded(SPARK, "applications")[0]["id"]
BASIC = "Basic YW5uOnB3"


class Spark:
    """A driver's UI with recorded answers; ``seen`` holds the credentials that came with each request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []

    def __call__(self, handler, _) -> None:
        path = handler.path.partition("?")[0]
        self.seen.append((path, handler.headers["Authorization"]))
        name = path.rpartition("/")[2]
        if name == APP:
            return say(handler, json.dumps(recorded(SPARK, "applications")[0]).encode())
        if f"/applications/{APP}/" not in path and name != "applications":
            return say(handler, b"unknown app: nobody", status=404)
        return say(handler, json.dumps(recorded(SPARK, name)).encode())

    @property
    def credentials(self):
        return {credentials for _, credentials in self.seen}


@pytest.fixture
def spark():
    return Spark()


@pytest.fixture
def connect(monkeypatch):
    """A hook of a connection with these fields."""

    def made(url="", **fields) -> SparkMonitorHook:
        stored = {"conn_type": "spark_monitor", "extra": fields.pop("extra", {}), **fields}
        monkeypatch.setenv("AIRFLOW_CONN_MON", json.dumps(stored))
        return SparkMonitorHook("mon", url=url)

    return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


def failure(hook, application_id=APP) -> str:
    """What a question fails with: one exception, with what to do."""
    with pytest.raises(MonitorError) as caught:
        hook.executors(application_id)
    assert caught.value.advice
    return str(caught.value)


def test_applications_stages_executors_and_restarts_are_plain_rows(connect, spark):
    """Of one server, whichever the connection's host is; JSON, as an XCom wants it."""
    with serving(spark) as url:
        hook = connect(host=url)
        (application,) = hook.applications()
        assert application["id"] == APP
        assert [row["status"] for row in hook.stages(APP)] == ["ACTIVE"]
        assert {row["active"] for row in hook.executors(APP)} == {True, False}
        (lost,) = hook.restarts(APP)
    assert (lost["host"], lost["reason"]) == ("127.0.0.1", "Command exited with code 137")
    assert lost["at"] > 1.7e9
    assert spark.credentials == {None}
    json.dumps([application, lost])


def test_login_and_password_are_sent(connect, spark):
    """To the connection's host."""
    with serving(spark) as url:
        connect(host=url, login="ann", password="pw").executors(APP)
    assert spark.credentials == {BASIC}


def test_the_password_is_the_value_of_the_header_that_is_named(connect, spark):
    """A token, as proxies take it."""
    with serving(spark) as url:
        connect(host=url, password="Bearer t0ken", extra={"auth_header": "Authorization"}).applications()
    assert spark.credentials == {"Bearer t0ken"}


def test_an_address_out_of_an_argument_gets_no_credentials(connect, spark):
    """Even though the connection has some; its own server gets them under any of its paths."""
    other = Spark()
    with serving(spark) as url, serving(other) as foreign:
        connect(foreign, host=url, login="ann", password="pw").executors(APP)
        connect(f"{url}/", host=url, login="ann", password="pw").executors(APP)
    assert other.credentials == {None}
    assert spark.credentials == {BASIC}


def test_a_redirect_to_another_host_takes_no_credentials_along(connect, spark):
    """And is no answer."""

    def away(handler, form):
        say(handler, status=302, Location=f"http://localhost:{port}/login")

    with serving(spark) as other, serving(away) as url:
        port = other.rpartition(":")[2]
        text = failure(connect(host=url, login="ann", password="pw"))
    assert "the answer is a redirect to another host, 'localhost'" in text
    assert "do: If that is a login page" in text
    assert spark.seen == []


def test_without_a_connection_the_callers_address_is_asked(spark):
    """No connection is looked up, and none of another kind either."""
    with serving(spark) as url:
        for nobody in (None, ""):
            hook = SparkMonitorHook(nobody, url=url)
            assert hook.applications()[0]["id"] == APP
    assert hook.access_for(url) == Access()
    assert hook.timeout == 5.0
    assert hook.target(application_id="app-1").witnesses == ()
    with pytest.raises(MonitorError, match="^No server is configured for queries about Spark applications."):
        SparkMonitorHook(None).applications()


def test_sensors_get_target_access_and_timeout(connect):
    """What the caller names wins; the way in is for the connection's servers alone."""
    hook = connect(
        host="h",
        port=4040,
        login="ann",
        password="pw",
        extra={"history_server": "https://past", "master": "spark://boss:7077", "timeout": "2s"},
    )
    asked = Target(application_id="app-1", driver_ui="http://told:4041")
    expected = Target("app-1", "", "http://told:4041", "spark://boss:7077", "", "https://past")
    assert hook.target(asked) == expected
    assert hook.target(**asked.to_json()) == expected
    assert hook.target(asked, application_id="app-2").application_id == "app-2"
    assert hook.timeout == 2.0
    own, past, told = (hook.access_for(url) for url in ("http://h:4040", "https://past/x", asked.driver_ui))
    assert own.headers == past.headers == {"Authorization": BASIC}
    assert told == Access()


def test_the_triggerer_looks_the_connection_up_without_blocking(connect, spark):
    """Afterwards nothing is looked up any more."""
    connect(host="http://h:18080", login="ann", password="pw")

    async def load():
        hook = await SparkMonitorHook.load("mon")
        assert hook.access_for("http://h:18080").headers == {"Authorization": BASIC}
        assert hook.target(application_id="a").history_server == "http://h:18080"
        assert (await SparkMonitorHook.load(None)).timeout == 5.0
        with pytest.raises(ConnectionMissingError, match="There is no Airflow connection 'nowhere'"):
            await SparkMonitorHook.load("nowhere")

    asyncio.run(load())


def test_a_missing_connection_is_named():
    """When it is needed, and not when the hook is made."""
    hook = SparkMonitorHook("nowhere")
    with pytest.raises(
        ConnectionMissingError,
        match="^There is no Airflow connection 'nowhere'.\n  got: .+\n  expected: a conn",
    ):
        hook.applications()


def test_an_unknown_extra_is_refused(connect):
    """Before anything is asked."""
    with pytest.raises(ConnectionMissingError, match="extra has unknown fields.\n  got: verfy\n"):
        connect(host="h", extra={"verfy": False}).applications()


def test_an_unknown_application_is_one_clear_error(connect, spark):
    """Said by the server, and shown with what to do."""
    with serving(spark) as url:
        text = failure(connect(host=url), "app-2")
    assert text == (
        f"{url} gave no usable answer to a request for executors of app-2.\n"
        "  got: it does not know application 'app-2'\n"
        "  expected: a driver's UI, a history server or a standalone master\n"
        "  do: Check the id. A driver knows only its own; a history server finds a new event log after about\n"
        "    10 s, and only in its own folder."
    )


@pytest.mark.parametrize(
    ("status", "body", "got", "advice"),
    [
        (401, b"", "application: HTTP status 401", "Set login and password, or the header that it requires"),
        (403, b"<html>", "application: HTTP status 403", "These credentials may not read it"),
        (404, b"<html>", "application: HTTP status 404", "Check the application's id"),
        (200, b" <html>login</html>", "application: not JSON but b' <html>login</html>'", "A web page, not Spark's"),
        (200, b"{", "application: not JSON but b'{' (1 bytes)", "Check that the address is one of these"),
        (500, b"", "application: HTTP status 500", "Check that the address is one of these"),
    ],
)  # fmt: skip
def test_what_a_server_answers_instead_is_said(connect, status, body, got, advice):
    """A login page comes as HTML with status 200."""
    with serving(lambda handler, _: say(handler, body, status)) as url:
        text = failure(connect(host=url))
    assert f"\n  got: {got}" in text
    assert f"\n  do: {advice}" in text


def test_a_server_that_is_not_there_is_said(connect):
    """Its name, its port, its silence."""
    assert "got: no answer: the name of nowhere.invalid:4040 cannot be resolved" in failure(
        connect(host="nowhere.invalid", port=4040)
    )
    assert "got: no answer: 127.0.0.1:1 refused the connection" in failure(connect(host="127.0.0.1", port=1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        text = failure(connect(host="127.0.0.1", port=port, extra={"timeout": "200ms"}))
    assert f"got: no answer: 127.0.0.1:{port} did not respond for 0.2 s" in text
    assert "do: The server is overloaded" in text


def test_a_certificate_is_checked(connect, spark, authority):
    """By the authority's own certificate; by none of the machine's."""
    with serving(spark) as plain, in_tls(plain, authority.signed("127.0.0.1")) as url:
        trusted = {"verify": str(authority.file)}
        assert connect(host=url, login="ann", password="pw", extra=trusted).applications()[0]["id"] == APP
        assert spark.credentials == {BASIC}
        text = failure(connect(host=url))
        assert "is not trusted: " in text
        assert "do: Set verify to the file with the certificate of the authority that signed it." in text
        assert connect(host=url, extra={"verify": False}).executors(APP)
        assert "is not trusted" in failure(connect(url, host="h", extra={"verify": False}))


@pytest.mark.parametrize(
    ("name", "expired", "said"),
    [
        ("other.example", False, "is for another name: IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("127.0.0.1", True, "has expired"),
    ],
)  # fmt: skip
def test_a_certificate_that_does_not_hold_is_said(connect, spark, authority, name, expired, said):
    """The request is never sent."""
    with serving(spark) as plain, in_tls(plain, authority.signed(name, expired=expired)) as url:
        text = failure(connect(host=url, login="ann", password="pw", extra={"verify": str(authority.file)}))
    assert said in " ".join(text.split())
    assert spark.seen == []


def test_a_server_without_tls_is_said(connect, spark):
    """With the way out."""
    with serving(spark) as url:
        text = failure(connect(host=url.replace("http://", "https://")))
    assert "got: no answer: TLS with 127.0.0.1:" in text
    assert "do: If the server speaks plain HTTP, use http://." in text


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_holds_no_certificates_is_said(connect, tmp_path, text):
    """A wrong connection, not a wrong server."""
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConnectionMissingError, match="verify is not a certificate file.\n  got: .*ca.pem: "):
        connect(host="h", extra={"verify": str(file)}).applications()


def test_airflow_tests_the_connection_by_the_hook(spark):
    """As its button does, before the connection is stored."""
    from airflow.sdk import Connection

    with serving(spark) as url:
        connection = Connection(conn_id="unsaved", conn_type="spark_monitor", host=url)
        assert connection.test_connection() == (True, f"{url}: 1 application")


def test_the_connection_is_tested_on_every_server_that_it_names(connect, spark):
    """One line each, and no exception."""
    master = json.dumps(recorded(SPARK, "master")).encode()
    with ExitStack() as stack:
        url, ui = (
            stack.enter_context(serving(spark)),
            stack.enter_context(serving(lambda h, _: say(h, master))),
        )
        good = {"history_server": f"{url}/", "master": "spark://h:7077", "master_ui": ui}
        assert connect(host=url, extra=good).test_connection() == (
            True,
            f"{url}: 1 application\n{ui}: 1 living worker",
        )
        works, said = connect(
            host=url, extra={"driver_ui": "http://127.0.0.1:1", "master_ui": "http://127.0.0.1:1"}
        ).test_connection()
    assert not works
    assert said.startswith(
        f"{url}: 1 application\nhttp://127.0.0.1:1 gave no usable answer to a request for its applications"
    )
    assert "\nhttp://127.0.0.1:1 gave no usable answer to a request for its workers" in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "The connection names no server: set its host, or the extras that name one."),
        ({"host": "spark://h:7077"}, "Airflow connection 'mon' cannot be used: host, port and schema"),
    ],
)
def test_a_connection_that_cannot_be_used_fails_its_test(connect, fields, said):
    """With the reason."""
    works, text = connect(**fields).test_connection()
    assert not works
    assert text.startswith(said)


def test_a_target_of_the_caller_is_checked(connect):
    """What a template has left empty or wrong."""
    with pytest.raises(ApplicationError, match="driver_ui is not the address of a web server"):
        connect(host="h").target(driver_ui="told:4040")


def test_airflow_knows_the_connection_type_and_its_fields():
    """It takes the hook and its form."""
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    (declared,) = [
        found
        for found in get_provider_info()["connection-types"]
        if found["connection-type"] == "spark_monitor"
    ]
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.validate([declared], {**schema["properties"]["connection-types"], "definitions": {}})
    manager = ProvidersManager()
    known = ProvidersManagerTaskRuntime().hooks["spark_monitor"]
    assert (known.hook_name, known.connection_id_attribute_name) == ("Spark monitor", "conn_id")
    assert known.connection_testable
    assert known.hook_class_name.rpartition(".")[2] == SparkMonitorHook.__name__
    behaviour = manager.field_behaviours["spark_monitor"]
    assert behaviour["relabeling"]["host"] == "Server"
    assert behaviour == {
        **SparkMonitorHook.get_ui_field_behaviour(),
        "placeholders": behaviour["placeholders"],
    }


def test_the_documentation_names_every_field():
    """Of the connection, and of the hook's rows."""

    text = (ROOT / "docs" / "monitoring.md").read_text()
    for name in EXTRAS:
        assert re.search(rf"^\| `{name}` \|", text, re.MULTILINE), name


@pytest.mark.parametrize("ask", ["stages", "executors", "restarts", "applications"])
def test_a_server_that_lies_gives_rows_or_one_error(connect, ask):
    """Whatever number stands in its answer."""

    def lie(value):
        if isinstance(value, dict):
            return {key: lie(item) for key, item in value.items()}
        if isinstance(value, list):
            return [lie(item) for item in value]
        return 10**400 if type(value) is int else value

    def reply(handler, _):
        name = handler.path.partition("?")[0].rpartition("/")[2]
        name = "applications" if name == APP else name
        say(handler, json.dumps(lie(recorded(SPARK, name))).encode())

    with serving(reply) as url, suppress(MonitorError):
        rows = getattr(connect(url), ask)(*([] if ask == "applications" else [APP]))
        json.dumps(rows, allow_nan=False)
