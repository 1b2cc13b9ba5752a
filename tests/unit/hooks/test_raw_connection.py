"""A connection that exists and cannot be read is told from one that is not there."""

from __future__ import annotations

import pytest
from airflow.sdk.execution_time import supervisor

from airflow_spark_guard.core.errors import ConnectionMissingError
from airflow_spark_guard.hooks.raw_connection import not_found
from airflow_spark_guard.hooks.spark_monitor import SparkMonitorHook
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook

pytestmark = pytest.mark.usefixtures("airflow_db")
HA = "spark://m1:7077,m2:7077"


class Vault:
    """A secrets backend that keeps one connection as text."""

    def get_conn_value(self, conn_id):
        return HA if conn_id == "ha" else None

    def get_connection(self, conn_id):
        raise ValueError(conn_id)


class WithoutText:
    """A backend that can only be asked for whole connections."""

    def get_connection(self, conn_id):  # noqa: ARG002 - Airflow's
        return None


@pytest.mark.parametrize("kind", [UpstreamSubmitHook, lambda conn_id: SparkMonitorHook(conn_id).url])
def test_two_masters_in_a_uri_of_the_environment(monkeypatch, kind):
    """Airflow says that the connection is not defined."""
    monkeypatch.setenv("AIRFLOW_CONN_HA", HA)
    with pytest.raises(
        ConnectionMissingError, match="^The Airflow connection 'ha' exists, but Airflow cannot"
    ):
        kind(conn_id="ha")


def test_the_same_in_a_secrets_backend(monkeypatch):
    """Asked for the text only where Airflow found nothing."""
    monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: [WithoutText(), Vault()])
    with pytest.raises(ConnectionMissingError, match="^The Airflow connection 'ha' exists"):
        UpstreamSubmitHook(conn_id="ha")


def test_one_that_is_nowhere_is_missing(monkeypatch, caplog):
    """Whatever the backends can be asked for; the log names those that gave no answer."""
    caplog.set_level("DEBUG", "airflow_spark_guard.hooks.raw_connection")
    monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: [WithoutText(), Vault()])
    with pytest.raises(ConnectionMissingError, match="^There is no Airflow connection 'nowhere'"):
        UpstreamSubmitHook(conn_id="nowhere")
    assert "WithoutText gave no text of nowhere: AttributeError" in caplog.text


def test_a_secret_in_airflows_message_is_masked(monkeypatch, caplog):
    """It may quote the URI."""
    caplog.set_level("DEBUG", "airflow_spark_guard.hooks.raw_connection")
    monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: 1 / 0)
    error = not_found("x", ValueError("Invalid connection string: spark://u:geheim@h"), "e", "a")
    assert "geheim" not in str(error)
    assert error.what == "There is no Airflow connection 'x'."
    assert "No secrets backend could be asked for x: ZeroDivisionError" in caplog.text
