"""Addresses of stores: what is one, and what is refused before anything is opened."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.store_address import StoreAddress, store_address


@pytest.mark.parametrize(
    ("text", "url", "conn_id"),
    [
        ("s3://aws_default@logs/spark_guard/", "s3://aws_default@logs/spark_guard", "aws_default"),
        ("gs://bucket", "gs://bucket", ""),
        ("memory:///records", "memory:///records", ""),
        ("abfs://c@container/a/b//", "abfs://c@container/a/b", "c"),
    ],
)
def test_the_address_of_a_store(text, url, conn_id):
    found = store_address(text)
    assert found == StoreAddress(url)
    assert found.conn_id == conn_id
    assert found.below("a/b") == f"{url}/a/b"
    assert found.below("") == str(found) == url


@pytest.mark.parametrize("text", ["/var/records", "records", "", "C:\\x", "s3:/bucket"])
def test_a_path_is_no_address(text):
    assert store_address(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s3:///",
        "S3://b",
        "1s://b",
        "s3://b/../c",
        "s3://b?x=1",
        "s3://b#c",
        "s3://b c",
        "s3://b\n",
        "s3://" + "b" * 600,
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(BadInputError, match="The address of the record store is not valid"):
        store_address(text)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    """It belongs into the connection."""
    with pytest.raises(BadInputError, match="has a password") as caught:
        store_address("s3://key:hidden-4711@bucket/x")
    assert "hidden-4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "text"), [("s3", "amazon[s3fs]"), ("gs", "google"), ("zz", "the Airflow provider")]
)
def test_it_knows_what_brings_its_file_system(scheme, text):
    assert text in StoreAddress(f"{scheme}://b").brings


def test_its_parts_are_bucket_and_folders():
    assert StoreAddress("s3://c@b/x/y").parts == ("c@b", "x", "y")
