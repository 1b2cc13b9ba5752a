"""The form of the connection type, against what is read."""

from __future__ import annotations

from airflow_spark_guard.core.remote.monitor_connection import EXTRAS
from airflow_spark_guard.core.remote.monitor_form import MONITOR_CONNECTION
from airflow_spark_guard.provider_info import get_provider_info


def test_every_extra_has_a_field():
    """And every field is read; all are text, as the form gives it."""
    fields = MONITOR_CONNECTION["conn-fields"]
    assert set(fields) == EXTRAS
    assert {tuple(field["schema"]["type"]) for field in fields.values()} == {("string", "null")}


def test_no_field_holds_a_secret():
    """The password is Airflow's own field, which it masks and encrypts."""
    assert "password" not in MONITOR_CONNECTION["ui-field-behaviour"]["hidden-fields"]
    assert not any("format" in field["schema"] for field in MONITOR_CONNECTION["conn-fields"].values())


def test_airflow_is_told():
    """By the provider info."""
    assert MONITOR_CONNECTION in get_provider_info()["connection-types"]
