"""Airflow's version, connection and options; Airflow is the real one."""

from __future__ import annotations

import json
import tomllib

import pytest

from airflow_spark_guard.cli.checks import airflow_checks
from airflow_spark_guard.cli.checks.airflow_checks import (
    AirflowCheck,
    ConnectionCheck,
    OptionsCheck,
    SparkProviderCheck,
)
from airflow_spark_guard.cli.checks.setup import Setup
from tests.support.paths import ROOT
from tests.support.setups import installed, setup


@pytest.mark.parametrize(
    ("version", "state"),
    [("3.0.6", "error"), ("3.1.7", "error"), ("3.1.8", "ok"), ("3.10.0", "ok"), ("", "error")],
)
def test_an_old_airflow_is_an_error(tmp_path, version, state):
    paths = installed(tmp_path, **({"apache_airflow": version} if version else {}))
    (line,) = AirflowCheck().run(Setup(paths=paths))
    assert (line.state, line.fix) == (state, "" if state == "ok" else "pip install 'apache-airflow>=3.1.8'")
    assert version in line.what


def test_an_old_provider_is_an_error(tmp_path):
    paths = installed(tmp_path, apache_airflow_providers_apache_spark="6.3.3")
    (line,) = SparkProviderCheck().run(Setup(paths=paths))
    assert line.state == "error"
    assert line.what.endswith("apache-spark 6.3.3 is older than supported (oldest: 6.3.4).")


def test_the_oldest_versions_are_those_of_the_project():
    words = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for name, version in airflow_checks.OLDEST.items():
        assert any(word.startswith(f"{name}>={version},") for word in words)


def connect(monkeypatch, name, text):
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", text if isinstance(text, str) else json.dumps(text))


def test_a_connection_is_read_through_airflow(tmp_path, monkeypatch):
    """Its master, its configuration, its secrets; later checks use them."""
    given = {"conn_type": "spark", "host": "spark://m", "port": 7077, "login": "me", "password": "hunter2"}
    connect(
        monkeypatch, "spark_one", {**given, "extra": {"conf": {"spark.a": 1}, "master_ui": "http://m:8090"}}
    )
    found = setup(tmp_path, connection="spark_one")
    (line,) = ConnectionCheck().run(found)
    assert (line.state, line.what) == ("ok", "spark_one: master spark://m:7077")
    cluster = found.cluster
    assert (cluster.master, cluster.master_ui, cluster.login) == ("spark://m:7077", "http://m:8090", "me")
    assert (cluster.layer().origin, dict(cluster.layer().conf)) == ("connection spark_one", {"spark.a": "1"})
    assert cluster.secrets.password == "hunter2"
    assert "hunter2" not in repr(cluster)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            '{"conn_type": "spark", ',
            "exists, but Airflow cannot read it. Got: JSON that is not valid in line 1",
        ),
        ("spark://m1:7077,m2:7077", "exists, but Airflow cannot read it. Got: a URI with several hosts"),
        (
            {"conn_type": "spark", "host": "Spark://m:7077"},
            "Spark cannot parse the master of Airflow connection",
        ),
        (
            {"conn_type": "spark", "host": "yarn", "extra": {"rest-port": "x"}},
            "The extra 'rest-port' of Airflow",
        ),
    ],
)
def test_a_connection_that_does_not_parse_is_an_error_with_the_fix(tmp_path, monkeypatch, text, what):
    connect(monkeypatch, "spark_broken", text)
    (line,) = ConnectionCheck().run(setup(tmp_path, connection="spark_broken"))
    assert line.state == "error"
    assert what in line.what
    assert line.fix


def test_a_misspelt_extra_is_a_warning(tmp_path, monkeypatch):
    connect(
        monkeypatch, "spark_two", {"conn_type": "spark", "host": "yarn", "extra": {"deploy_mod": "client"}}
    )
    lines = ConnectionCheck().run(setup(tmp_path, connection="spark_two"))
    assert [line.state for line in lines] == ["ok", "warning"]
    assert "Did you mean 'deploy-mode'?" in lines[1].what


def test_a_named_connection_that_does_not_exist_is_an_error_the_default_one_a_warning(
    tmp_path, monkeypatch, airflow_db
):
    (line,) = ConnectionCheck().run(setup(tmp_path, connection="spark_none"))
    assert (line.state, line.what) == (
        "error",
        "There is no Airflow connection 'spark_none'.",
    )
    monkeypatch.delenv("AIRFLOW_CONN_SPARK_DEFAULT")
    monkeypatch.setattr(airflow_checks, "DEFAULT_CONNECTION", "spark_not_there")
    (line,) = ConnectionCheck().run(setup(tmp_path, {"AIRFLOW_HOME": "/x"}))
    assert line.state == "warning"
    assert "Or name another one with --connection;" in line.fix


def test_a_connection_in_airflows_database_is_found(tmp_path, airflow_db):
    """As Airflow's own commands find it; a task asks the API server."""
    from airflow.utils.session import create_session
    from sqlalchemy import text

    add = "INSERT INTO connection (conn_id, conn_type, host, is_encrypted, is_extra_encrypted) VALUES "
    with create_session() as session:
        session.execute(text(f"{add} ('spark_in_db', 'spark', 'local[2]', false, false)"))
    try:
        (line,) = ConnectionCheck().run(setup(tmp_path, connection="spark_in_db"))
    finally:
        with create_session() as session:
            session.execute(text("DELETE FROM connection WHERE conn_id = 'spark_in_db'"))
    assert (line.state, line.what) == ("ok", "spark_in_db: master local[2]")


def test_a_master_can_be_named_without_airflow(tmp_path):
    """It is parsed as Spark would."""
    found = setup(tmp_path, master="spark://m:7077")
    assert [line.state for line in ConnectionCheck().run(found)] == ["ok"]
    assert found.cluster.master == "spark://m:7077"
    (line,) = ConnectionCheck().run(setup(tmp_path, master="m:7077"))
    assert line.state == "error"
    (line,) = ConnectionCheck().run(setup(tmp_path))
    assert (line.state, line.what[:8]) == ("ok", "not read")


def test_a_master_wins_over_that_of_the_connection(tmp_path, monkeypatch):
    connect(monkeypatch, "spark_three", {"conn_type": "spark", "host": "yarn"})
    found = setup(tmp_path, connection="spark_three", master="local[1]")
    (line,) = ConnectionCheck().run(found)
    assert line.what == "spark_three: master local[1]"


def test_an_unknown_option_has_no_effect(tmp_path):
    """Read from the environment without Airflow."""
    lines = OptionsCheck().run(setup(tmp_path, {"AIRFLOW__SPARK_GUARD__RECORD_FOLDR": "x"}))
    assert [(line.state, line.fix) for line in lines] == [("warning", "Did you mean record_folder?")]
    assert lines[0].what == "[spark_guard] record_foldr has no effect: there is no such option."
    lines = OptionsCheck().run(setup(tmp_path, {"AIRFLOW__SPARK_GUARD__RECORD_URL": "x"}))
    assert [line.state for line in lines] == ["ok"]


def test_an_option_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    """Through Airflow."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__ON_FINDING", "stop")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "soon")
    lines = OptionsCheck().run(setup(tmp_path, connection="spark_default"))
    assert [line.state for line in lines] == ["error", "error"]
    assert "record_max_age cannot be read" in lines[0].what
    assert "on_finding" in lines[1].what
