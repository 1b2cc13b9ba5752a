"""Directories of stores, as Airflow opens them."""

import pytest

from airflow_spark_guard.core.errors import BadInputError, ConnectionMissingError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.hooks.object_storage import open_directory, open_store

pytestmark = pytest.mark.usefixtures("airflow_db")


def test_a_directory_of_a_store_that_airflow_knows_is_opened(tmp_path):
    """Here the local one; others need a provider."""
    (tmp_path / "a").write_text("x")
    assert [path.name for path in open_directory(f"file://{tmp_path}", None).iterdir()] == ["a"]


def test_a_store_of_records_is_opened_with_its_connection(tmp_path, monkeypatch):
    """The local one, whose file system needs no provider."""
    monkeypatch.setenv("AIRFLOW_CONN_HERE", '{"conn_type": "generic"}')
    store = open_store(StoreAddress(f"local://here@{tmp_path}"))
    store.write("a/x", b"1")
    assert [one.key for one in store.files()] == ["a/x"]
    assert (tmp_path / "a" / "x").read_bytes() == b"1"


def test_a_scheme_without_a_file_system_names_what_to_install():
    """Not whatever fsspec would load by itself, with other credentials."""
    with pytest.raises(BadInputError, match=r"(?s)cannot be opened.*apache-airflow-providers-google"):
        open_store(StoreAddress("gs://bucket/x"))


def test_a_connection_that_does_not_exist_is_an_error_before_any_request():
    """Airflow's provider for S3 would ask without credentials."""
    with pytest.raises(ConnectionMissingError, match="There is no Airflow connection 'nowhere'"):
        open_store(StoreAddress("s3://nowhere@bucket/x"))
