"""Tokens by the optional library, which is not here: stand-ins have its interface."""

from __future__ import annotations

import base64
import sys
from types import ModuleType

import pytest

from airflow_spark_guard.core.cluster.status import RefusedError
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.kerberos import kerberos_token


class Context:
    def __init__(self, token):
        self._token = token

    def step(self):
        if isinstance(self._token, Exception):
            raise self._token
        return self._token


@pytest.fixture
def library(monkeypatch):
    """``spnego`` with this token, and ``gssapi``; what it was asked for."""
    asked = []

    def having(token):
        spnego = ModuleType("spnego")
        spnego.client = lambda **options: (asked.append(options), Context(token))[1]
        monkeypatch.setitem(sys.modules, "spnego", spnego)
        monkeypatch.setitem(sys.modules, "gssapi", ModuleType("gssapi"))
        return asked

    return having


def test_a_token_is_for_the_http_service_of_the_host(library):
    """By the ticket of this process: no name and no password."""
    asked = library(b"\x60\x82token")
    assert base64.b64decode(kerberos_token("rm.example.com")) == b"\x60\x82token"
    assert asked == [{"hostname": "rm.example.com", "service": "HTTP", "protocol": "kerberos"}]


@pytest.mark.parametrize("token", [None, b"", OSError("No credentials cache found")])
def test_without_a_ticket_it_says_how_to_get_one(library, token):
    library(token)
    with pytest.raises(UnusableAnswerError, match="^no Kerberos token for HTTP@rm: ") as caught:
        kerberos_token("rm")
    assert "airflow kerberos" in caught.value.advice


@pytest.mark.parametrize("missing", ["spnego", "gssapi"])
def test_without_the_library_the_line_that_installs_it_is_named(library, monkeypatch, missing):
    """Where a token is asked for, and not before."""
    library(b"x")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(RefusedError, match=f"^rm asks for a Kerberos token, .*: {missing}: ") as caught:
        kerberos_token("rm")
    assert "pip install 'airflow-spark-guard[kerberos]'" in caught.value.advice
