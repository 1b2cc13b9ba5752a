"""Directories of stores, as Airflow opens them."""

import pytest

from airflow_spark_guard.hooks.object_storage import open_directory

pytestmark = pytest.mark.usefixtures("airflow_db")


def test_a_directory_of_a_store_that_airflow_knows_is_opened(tmp_path):
    """Here the local one; others need a provider."""
    (tmp_path / "a").write_text("x")
    assert [path.name for path in open_directory(f"file://{tmp_path}", None).iterdir()] == ["a"]
