"""The way to a connection; more in ``tests/unit/cli/checks/test_airflow_checks.py``, which reads them."""

from __future__ import annotations

import os

import pytest

from airflow_spark_guard.cli.checks import cluster
from airflow_spark_guard.core.errors import ConnectionMissingError


def test_a_master_that_spark_cannot_parse_is_an_error():
    with pytest.raises(ConnectionMissingError, match="Spark cannot parse the master"):
        cluster.of_master("Yarn", (4, 2))
    assert cluster.of_master("yarn", (4, 2)).origin == "--master"


@pytest.mark.parametrize("before", [None, "client"])
def test_the_environment_stays_as_it_was(monkeypatch, before):
    """What lets Airflow find its database is set for the look-up alone."""
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_FOUR", "spark://yarn")
    if before is None:
        monkeypatch.delenv(cluster._CONTEXT, raising=False)
    else:
        monkeypatch.setenv(cluster._CONTEXT, before)
    assert cluster.of_connection("spark_four", (4, 2))[0].master == "yarn"
    assert os.environ.get(cluster._CONTEXT) == before


def test_airflow_still_reads_the_variable_by_this_name():
    """A private name of Airflow's."""
    from pathlib import Path

    from airflow.sdk.execution_time import supervisor

    assert f'"{cluster._CONTEXT}"' in Path(supervisor.__file__).read_text()
