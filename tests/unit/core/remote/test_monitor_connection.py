"""What a connection of type spark_monitor says, and whom its credentials may go to."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from airflow.sdk import Connection

from airflow_spark_guard.core.errors import ApplicationError, ConnectionMissingError
from airflow_spark_guard.core.remote.monitor_connection import MonitorConnection, origin
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.web.access import Access

SECRET = "geheim-4711"


def read(extra=None, **fields):
    empty = dict.fromkeys(("host", "schema", "login", "password", "port"))
    text = extra if isinstance(extra, str) else json.dumps(extra) if extra else None
    return MonitorConnection.of(SimpleNamespace(**{"conn_id": "mon", **empty, **fields, "extra": text}))


def refused(match, extra=None, **fields):
    with pytest.raises(ConnectionMissingError) as caught:
        read(extra, **fields)
    assert re.search(
        " ".join(match.split()), " ".join(str(caught.value).split())
    )  # whatever the width of its lines
    assert str(caught.value).startswith("Airflow connection 'mon' cannot be used: ")
    assert SECRET not in str(caught.value)
    assert caught.value.advice


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, ""),
        ({"port": 4040}, ""),
        ({"host": "h"}, "http://h"),
        ({"host": " h ", "port": 18080}, "http://h:18080"),
        ({"host": "h", "schema": "https", "port": 8443}, "https://h:8443"),
        ({"host": "https://h/history/"}, "https://h/history"),
        ({"host": "https://h", "port": 8443}, "https://h:8443"),
        ({"host": "https://h:8443/spark", "port": 8443}, "https://h:8443/spark"),
        ({"host": "http://h", "schema": "http"}, "http://h"),
        ({"host": "spark_master", "port": 8080}, "http://spark_master:8080"),
        ({"host": "::1", "port": 4040}, "http://[::1]:4040"),
        ({"host": "http://[::1]", "port": 4040}, "http://[::1]:4040"),
    ],
)
def test_the_address_is_in_host_port_and_schema(fields, url):
    """However the form spreads it."""
    assert read(**fields).url == url


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("spark-monitor://h:18080", "http://h:18080"),
        ("spark-monitor://h:18080/https", "https://h:18080"),
        ("spark-monitor://https://h:8443/history", "https://h:8443/history"),
        ("spark-monitor://https%3A%2F%2Fh%3A8443%2Fhistory", "https://h:8443/history"),
        ("spark-monitor://http://ann:pw@h:4040/?verify=false", "http://h:4040"),
        ("spark-monitor://ann:pw@h:4040/?verify=false&timeout=2s", "http://h:4040"),
    ],
)
def test_what_airflow_makes_of_a_uri_is_read(uri, url):
    """It puts the path into the schema, and gives every extra as text."""
    connection = Connection.from_uri(uri, conn_id="mon")
    assert connection.conn_type == "spark_monitor"
    found = MonitorConnection.of(connection)
    assert found.url == url
    assert found.verify is ("verify" not in uri)
    assert bool(found.access_for(url).headers) is ("ann" in uri)


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "spark://h", "port": 7077},
        {"host": "h", "schema": "ftp"},
        {"host": "http://h", "schema": "https"},
        {"host": "http://h:4040", "port": 18080},
        {"host": f"http://ann:{SECRET}@h"},
        {"host": f"http://h/?token={SECRET}"},
        {"host": "http://h/#x"},
        {"host": "http://h\\@other"},
        {"host": "http://h h"},
        {"host": "http://h\u212a.com"},
        {"host": "http://h/\n"},
    ],
)
def test_a_host_that_is_no_address_is_refused(fields):
    """And one that contradicts itself, or holds a secret."""
    if fields["host"].endswith("\n"):
        assert read(**fields).url == "http://h"
    else:
        refused("host, port and schema are not the address of a web server", **fields)


def test_what_an_empty_connection_says_is_the_default():
    """As none at all."""
    assert read() == read(extra={"verify": None, "timeout": "", "master": ""}) == MonitorConnection()
    assert (MonitorConnection().timeout, MonitorConnection().verify) == (5.0, True)


@pytest.mark.parametrize(
    ("value", "verify"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" False ", False),
        ("0", False),
        ("/etc/ca.pem", "/etc/ca.pem"),
    ],
)
def test_verify_is_a_truth_value_or_a_file(value, verify):
    """Text too, since a form and a URI give nothing else."""
    assert read(extra={"verify": value}, host="h").access_for("http://h").verify == verify


@pytest.mark.parametrize(("value", "seconds"), [(3, 3.0), ("1500ms", 1.5), ("2m", 120.0)])
def test_a_timeout_is_a_duration(value, seconds):
    """In seconds where it has no unit."""
    assert read(extra={"timeout": value}).timeout == seconds


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        ("[1]", "its extra is not a JSON object"),
        (f'{{"password": "{SECRET}"', "its extra is not a JSON object"),
        ({"verfy": SECRET, "conf": 1}, "extra has unknown fields.\n  got: conf, verfy\n  expected: only auth_"),
        ({"verify": 1}, "verify cannot be used.\n  got: 1"),
        ({"timeout": 0}, "timeout is not valid.\n  got: 0"),
        ({"timeout": "soon"}, "timeout is not valid.\n  got: 'soon'"),
        ({"timeout": True}, "timeout is not valid"),
        ({"timeout": "10m"}, "timeout is not valid"),
        ({"master": "yarn"}, "The master cannot be asked about applications"),
        ({"driver_ui": f"http://ann:{SECRET}@h"}, "driver_ui is not the address of a web server"),
        ({"history_server": "h:18080"}, "history_server is not the address of a web server"),
        ({"auth_header": "X-Key"}, "auth_header is set, but the password is not a valid header value"),
    ],
)  # fmt: skip
def test_an_extra_that_cannot_be_used_is_refused(extra, match):
    """Nothing is passed on that nobody has checked."""
    refused(match, extra=extra)


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"login": "ann", "password": "pw"}, {"Authorization": "Basic YW5uOnB3"}),
        ({"login": "ann"}, {"Authorization": "Basic YW5uOg=="}),
        (
            {"password": "Bearer t0ken", "extra": {"auth_header": "Authorization"}},
            {"Authorization": "Bearer t0ken"},
        ),
        ({"password": "k3y", "extra": {"auth_header": "X-Api-Key"}}, {"X-Api-Key": "k3y"}),
        ({}, {}),
    ],
)
def test_credentials_are_a_login_or_a_header(fields, headers):
    """And no secret shows."""
    found = read(**fields, host="h")
    assert found.access_for("http://h").headers == headers
    assert not any(secret in repr(found) for secret in ("pw", "t0ken", "k3y", "YW5u"))


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"password": SECRET}, "its password cannot be sent.\n  got: a password without a login"),
        ({"login": "a:b", "password": SECRET}, "its password cannot be sent.\n  got: a login with a colon"),
        ({"login": "ann", "password": SECRET, "extra": {"auth_header": "X-Key"}}, "has a login and an auth_header"),
        ({"password": f"{SECRET}\r\nX: y", "extra": {"auth_header": "X-Key"}}, "the password is not a valid header value"),
        ({"password": SECRET, "extra": {"auth_header": "X Key"}}, "auth_header is not a valid header name"),
        ({"password": SECRET, "extra": {"auth_header": "Host"}}, "auth_header is not a valid header name"),
        ({"password": SECRET, "extra": {"auth_header": 5}}, "auth_header is not a valid header name"),
    ],
)  # fmt: skip
def test_credentials_that_cannot_be_sent_are_refused(fields, match):
    """Sent the wrong way they would reach the server's log."""
    refused(match, **fields)


NAMED = {
    "history_server": "https://History.corp/spark",
    "driver_ui": "http://driver:4040",
    "master_ui": "http://[::1]:8080",
    "master": "spark://boss:7077",
}


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://gate.corp:443/other/path", True),
        ("https://history.corp", True),
        ("HTTP://DRIVER:4040/api", True),
        ("http://[::1]:8080/", True),
        ("http://gate.corp", False),
        ("https://gate.corp:8443", False),
        ("http://driver:4041", False),
        ("http://driver:40400", False),
        ("http://driver", False),
        ("http://boss:8080", False),
        ("http://boss:7077", False),
        ("https://gate.corp.evil.net", False),
        ("https://gate.corp@evil.net", False),
        ("https://evil.net/https://gate.corp", False),
        ("https://gate.corp\\@evil.net", False),
        ("https://gate.corp\\.evil.net", False),
        ("https://gate.corp\t.evil.net", False),
        (" https://gate.corp", False),
        ("https://gate.corp\n", False),
        ("http\u017f://gate.corp", False),
        ("spark://boss:7077", False),
        ("//gate.corp", False),
        ("gate.corp", False),
        ("", False),
    ],
)
def test_only_the_servers_that_the_connection_names_get_its_credentials(url, known):
    """Whatever an XCom or an argument says; a foreign certificate is checked even where ``verify`` is off."""
    found = read(
        extra={**NAMED, "verify": False}, host="gate.corp", schema="https", login="a", password=SECRET
    )
    access = found.access_for(url)
    assert bool(access.headers) is known
    assert access.verify is not known
    if not known:
        assert access == Access()


def test_a_file_of_certificates_holds_for_every_server():
    """It is no secret, and the drivers of a site are signed by the same authority."""
    found = read(extra={"verify": "/ca.pem"}, host="h", login="a", password=SECRET)
    assert found.access_for("https://driver:4440") == Access(verify="/ca.pem")


def test_without_a_connection_nobody_gets_anything():
    """The caller's addresses alone."""
    assert MonitorConnection().access_for("http://h") == Access()
    assert MonitorConnection().target(driver_ui="http://h") == Target(driver_ui="http://h")


def test_what_the_caller_names_wins_over_the_connection():
    """Field by field; what is empty is not named."""
    found = read(extra=NAMED).target(application_id="app-1", driver_ui="http://mine:4041", master="")
    assert found == Target(
        application_id="app-1",
        driver_ui="http://mine:4041",
        master="spark://boss:7077",
        master_ui="http://[::1]:8080",
        history_server="https://History.corp/spark",
    )
    with pytest.raises(ApplicationError, match="driver_ui is not the address"):
        read(extra=NAMED).target(driver_ui="driver:4040")


@pytest.mark.parametrize(
    ("host", "extra", "witnesses"),
    [
        ("http://h:18080", {}, {"history_server": "http://h:18080"}),
        ("https://h:18480", {}, {"history_server": "https://h:18480"}),
        ("http://h:4040", {}, {"driver_ui": "http://h:4040"}),
        ("http://h:8443", {}, {}),
        ("http://h:18080", {"driver_ui": "http://d:1"}, {"driver_ui": "http://d:1"}),
    ],
)
def test_a_host_at_one_of_sparks_own_ports_is_a_witness_too(host, extra, witnesses):
    """At another port nobody can tell which one it is."""
    assert read(host=host, extra=extra).witnesses == witnesses


@pytest.mark.parametrize(
    ("fields", "server"),
    [
        ({}, ""),
        ({"extra": {"master": "spark://h:7077"}}, ""),
        ({"extra": {"history_server": "http://h:1"}}, "http://h:1"),
        ({"extra": {"history_server": "http://h:1", "driver_ui": "http://d:1"}}, "http://d:1"),
        ({"host": "http://x", "extra": {"driver_ui": "http://d:1"}}, "http://x"),
    ],
)
def test_one_of_the_servers_answers_questions(fields, server):
    """The host before the extras."""
    assert read(**fields).server == server


def test_an_origin_is_scheme_host_and_port():
    """With the scheme's own port where none is named."""
    assert origin("https://H") == ("https", "h", 443)
    assert origin("http://h/x?y") == ("http", "h", 80)
    assert origin("ftp://h") is None
