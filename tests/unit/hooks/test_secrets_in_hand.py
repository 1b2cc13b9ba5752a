"""What a task has in hand of secrets is known to this process and to Airflow's masker."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk._shared.secrets_masker import redact, reset_secrets_masker

from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.hooks.secrets_in_hand import (
    hide_in_airflow,
    keeping_secrets,
    learn,
    secrets_in_fields,
    secrets_of,
)
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook


@pytest.fixture(autouse=True)
def masker():
    """Airflow's, without what other tests have told it."""
    reset_secrets_masker()
    yield
    reset_secrets_masker()


def test_what_is_learnt_is_known_here_and_to_airflow():
    """Here in all of its forms, and no longer than the task is at work."""
    with keeping_secrets():
        learn(["hunter2 x", "true", "a\nlong secret"])
        assert KNOWN.mask("a hunter2%20x, true") == "a ******, true"
    assert redact("a hunter2 x, true, a\nlong secret") == "a ***, true, ***"
    assert redact(str(["a\nlong secret"])) == "['***']"
    assert KNOWN.mask("hunter2 x") == "hunter2 x"


@pytest.mark.parametrize("kind", [ConfError, AirflowException])
def test_an_exception_on_its_way_out_is_masked(kind):
    """Ours and Airflow's."""

    @keeping_secrets()
    def work():
        learn(["hunter2"])
        raise kind("got hunter2")

    with pytest.raises(kind, match=r"^got \*{6}$"):
        work()


def test_secrets_are_found_in_fields_of_whatever_type():
    """Arguments word by word, anything else by its keys and its looks."""
    fields = {
        "application_args": ["-password", "a", "b"],
        "conf": {"x.token": "c"},
        "repositories": "https://d@host/x",
        "env_vars": "not a mapping",
        "jars": None,
    }
    assert secrets_in_fields(fields) == ["a", "c", "d"]


def test_fields_are_hidden_in_airflow_and_templates_are_not():
    """Only what they render to may be secret."""
    hide_in_airflow({"conf": {"x.token": "{{ token }}", "y.token": "geheim"}, "application_args": None})
    assert redact("{{ token }} geheim") == "{{ token }} ***"


@pytest.mark.usefixtures("airflow_db")
def test_a_hook_has_its_own_and_those_of_its_connection(monkeypatch):
    """Configuration, environment, arguments; password, extras, keytab."""
    extra = {"keytab": "a2V5dGFi", "principal": "p", "conf": {"spark.a.password": "c"}, "x": {"token": "t"}}
    connection = {"conn_type": "spark", "host": "yarn", "login": "me", "password": "w", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SECRETS", json.dumps(connection))
    hook = UpstreamSubmitHook(
        conn_id="secrets", conf={"spark.b.secret": "b"}, env_vars={"DB_PASS": "e"}, application_args=["--jwt", "j"]
    )  # fmt: skip
    assert sorted(secrets_of(hook)) == ["a2V5dGFi", "b", "c", "e", "j", "me:w", "t", "w"]
