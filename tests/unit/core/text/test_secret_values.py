"""The secret values in what a task is given."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.text.secret_values import values_of, values_of_connection, values_of_words


@pytest.mark.parametrize(
    ("given", "secrets"),
    [
        ({"spark.x.password": "v", "spark.y": "w"}, ["v"]),
        ({"DB_PASS": 12345}, ["12345"]),
        ({"spark.url": "jdbc:x://u:v@h"}, ["v"]),
        ({"spark.driver.extraJavaOptions": "-Da.secret=v -Db=w"}, ["v"]),
        ({"credentials": {"user": "u", "more": ["v", {"w": "x"}]}}, ["u", "v", "x"]),
        ({"outer": {"token": "v", "n": 1}}, ["v"]),
        ({"token.file": "/run/v", "secret.path": "/v", "token.endpoint": "https://v", "token.enabled": True}, []),
        ({"max_tokens": 512}, []),
        ({"json": '{"private_key": "v"}'}, ["v"]),
        ({"password": b"v"}, ["v"]),
        ("--token=v", ["v"]),
        (None, []),
        (5, []),
        ({"password": None, 3: object()}, []),
    ],
)  # fmt: skip
def test_secret_names_and_looks_are_found_at_any_depth(given, secrets):
    """Of any type: what is wrong is refused elsewhere."""
    assert list(values_of(given)) == secrets


def test_an_endless_mapping_comes_to_an_end():
    """Whatever a user passes."""
    given = {"password": "v"}
    given["more"] = given
    assert set(values_of(given)) == {"v"}


@pytest.mark.parametrize("given", [["--token", "v"], ("--token", "v"), "--token v"])
def test_arguments_are_words(given):
    """A text, which is refused later, is one of them all."""
    assert list(values_of_words(given)) == ["v"]
    assert list(values_of_words(["--n", 5, None])) == []


def test_of_a_connection_the_password_and_the_secret_extras_count():
    """The keytab too; with the login, as HTTP sends it."""
    extra = {"keytab": "a2V5dGFi", "queue": "q", "api_key": "k", "conf": {"spark.x.token": "t"}}
    assert sorted(values_of_connection(extra, "me", "p")) == ["a2V5dGFi", "k", "me:p", "p", "t"]
    assert list(values_of_connection({}, "me", None)) == []
    assert list(values_of_connection("text", None, None)) == []
