"""Metadata of distributions, by folder."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.work.distributions import distribution, installed_version, numbers


def test_a_distribution_is_found_by_its_metadata(tmp_path):
    """In the folders that are searched, else in those of this Python."""
    (tmp_path / "one_thing-1.2.dist-info").mkdir()
    (tmp_path / "one_thing-1.2.dist-info" / "METADATA").write_text("Name: one-thing\nVersion: 1.2\n")
    assert installed_version("one-thing", [str(tmp_path)]) == "1.2"
    assert installed_version("one-thing") == installed_version("pyspark", [str(tmp_path)]) == ""
    assert installed_version("pyspark") == "4.2.0"
    assert distribution("one-thing", [str(tmp_path)]).metadata["Name"] == "one-thing"


@pytest.mark.parametrize(
    ("text", "found"), [("4.2.0", (4, 2, 0)), ("4.2.0rc1", (4, 2, 0)), ("3", (3,)), ("x1", ()), ("", ())]
)
def test_versions_are_compared_by_their_numbers(text, found):
    assert numbers(text) == found
