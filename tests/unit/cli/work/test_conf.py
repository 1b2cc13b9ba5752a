"""The configuration of the command line."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.work import conf
from airflow_spark_guard.core.errors import ConfError


def test_later_settings_win_over_earlier_ones(tmp_path):
    """Profile, file, ``--conf``; each with its origin."""
    file = tmp_path / "a.conf"
    file.write_text("spark.executor.memory 2g\nspark.executor.cores 2\n")
    found = conf.effective_conf(["spark.executor.cores=3"], "none", file, (4, 2)).values
    assert {key: (row.value, row.origin) for key, row in found.items()} == {
        "spark.executor.memory": ("2g", str(file)),
        "spark.executor.cores": ("3", "conf"),
    }


def test_a_file_that_is_not_text_is_a_clear_error(tmp_path):
    file = tmp_path / "a.conf"
    file.write_bytes(b"\xff")
    with pytest.raises(ConfError, match="The properties file cannot be read"):
        conf.effective_conf([], file=file)


def test_the_installed_spark_is_that_of_pyspark():
    assert conf.installed_spark() == (4, 2)
