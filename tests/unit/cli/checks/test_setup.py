"""What is checked, and when Airflow is asked."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.checks.setup import Setup
from tests.support.setups import installed


@pytest.mark.parametrize(
    ("env", "connection", "uses"),
    [
        ({}, "", False),
        ({}, "spark_x", True),
        ({"AIRFLOW_HOME": "/opt/airflow"}, "", True),
        ({"AIRFLOW_CONFIG": "/etc/airflow.cfg"}, "", True),
        ({"AIRFLOW_CONN_SPARK_DEFAULT": "spark://yarn"}, "", True),
        ({"AIRFLOW_CONN_OTHER": "spark://yarn"}, "", False),
    ],
)
def test_airflow_is_asked_when_named_or_configured(tmp_path, env, connection, uses):
    """Its import takes seconds."""
    assert Setup(env={"HOME": str(tmp_path), **env}, connection=connection).uses_airflow is uses


def test_airflows_usual_place_counts(tmp_path):
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "airflow.cfg").touch()
    assert Setup(env={"HOME": str(tmp_path)}).uses_airflow


def test_versions_are_those_of_the_folders(tmp_path):
    setup = Setup(paths=installed(tmp_path, pandas="3.0.1"))
    assert (setup.version("pandas"), setup.version("pyspark")) == ("3.0.1", "")
