"""Which application, and who can be asked: checked where it is given."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.remote.target import Target
from tests.unit.core.remote.seen import TEXT

URLS = st.sampled_from(["", "http://h:4040", "https://h/path", "http://[::1]:8080"])
TARGETS = st.builds(
    Target, TEXT, TEXT, URLS, st.sampled_from(["", "spark://h:7077", "spark://h:7077,i:7077"]), URLS, URLS
)


@given(target=TARGETS)
def test_a_target_survives_json(target):
    """As a trigger's argument does; what is empty is left out."""
    sent = json.loads(json.dumps(target.to_json()))
    assert "" not in sent.values()
    assert Target.from_json(sent) == target


@given(value=st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "master", "driver_ui", "x"]), inner),
))  # fmt: skip
def test_garbage_is_refused_in_one_way(value):
    """Whatever an XCom holds."""
    with suppress(ApplicationError):
        assert isinstance(Target.from_json(value), Target)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"application_id": "a\nb"}, "The application's application_id is not valid."),
        ({"name": "x" * 2001}, "The application's name is not valid."),
        ({"name": None}, "The application's name is not valid."),
        ({"driver_ui": "h:4040"}, "driver_ui is not the address of a web server."),
        ({"driver_ui": "http://h:99999"}, "driver_ui is not the address of a web server."),
        ({"history_server": "http://["}, "history_server is not the address of a web server."),
        ({"master_ui": "http://"}, "master_ui is not the address of a web server."),
        ({"master": "yarn"}, "The master cannot be asked about applications."),
        ({"nonsense": "x"}, "This value does not identify an application."),
    ],
)
def test_what_cannot_be_used_is_said(given, what):
    """With what to do."""
    with pytest.raises(ApplicationError) as caught:
        Target.from_json(given)
    assert caught.value.what == what
    assert caught.value.advice


def test_a_password_in_an_address_is_refused_and_not_shown():
    """It would be stored with the trigger."""
    with pytest.raises(ApplicationError) as caught:
        Target(driver_ui="http://ann:hunter2@h:4040")
    assert "hunter2" not in str(caught.value)
    assert "conn_id" in caught.value.advice


def test_an_application_has_to_be_named_and_somebody_asked():
    """Else a sensor would wait for nothing."""
    with pytest.raises(ApplicationError, match="^No application is named."):
        Target(driver_ui="http://h:4040").check()
    with pytest.raises(
        ApplicationError,
        match="^No driver UI, master or history server is configured for application nightly.",
    ):
        Target(name="nightly").check()
    target = Target(
        "app-1", driver_ui="http://h:4040", master_ui="http://h:8080", history_server="http://h:1"
    )
    assert target.check() is target
    assert target.witnesses == ("driver_ui", "master", "history_server")
    assert not target.has_history_alone
    assert Target("app-1", history_server="http://h:1").has_history_alone
