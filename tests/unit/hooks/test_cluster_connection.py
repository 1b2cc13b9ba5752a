"""How the hook gets in; ``tests/unit/attempt/test_cluster_mode.py`` has what ``yarn_rm_auth`` may be."""

from types import SimpleNamespace

import pytest

from airflow_spark_guard.hooks.cluster_connection import connection_of
from airflow_spark_guard.hooks.object_storage import open_directory
from airflow_spark_guard.hooks.raw_connection import ConnectionGiven
from airflow_spark_guard.process.leftovers import Tag

pytestmark = pytest.mark.usefixtures("airflow_db")


def hook(**fields):
    given = ConnectionGiven({"yarn_resourcemanager_webapp_address": "rm:8088"}, "airflow", "pw")
    known = {"rm_auth": None, "has_kerberos": False, "deferrable": False, "namespace": None}
    return SimpleNamespace(connection_given=given, master="yarn", tag=Tag("t", "a"), **{**known, **fields})


def test_the_connection_names_the_manager_and_the_credentials():
    found = connection_of(hook(), {})
    assert (found.place.servers, found.secrets.login) == (("http://rm:8088",), "airflow")
    assert found.open_directory is open_directory
    assert connection_of(hook(has_kerberos=True), {}).place.kerberos


def test_two_airflows_with_other_addresses_mark_their_applications_differently(monkeypatch):
    """They may share a cluster and run a DAG of the same name."""
    first = connection_of(hook(), {}).marks.task
    assert connection_of(hook(), {}).marks.task == first
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://another:8080")
    assert connection_of(hook(), {}).marks.task != first
