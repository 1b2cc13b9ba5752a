"""The command line of ``spark-guard doctor``; its work is tested with ``cli.work.doctor``."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.doctor import doctor
from airflow_spark_guard.cli.work import doctor as work
from tests.support.setups import java_home
from tests.support.spark_guard import run

WORDS = ("--connection", "--master", "--record-folder", "--profile", "--conf", "--json")


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert doctor in COMMANDS
    code, out, _ = run(capsys, "doctor", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Without the check that starts a process, and with a Java that is none."""
    monkeypatch.setattr(
        work.run, "__defaults__", ([check for check in work.CHECKS if check.name != "py-spy"],)
    )
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "java")))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_HOME", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_SPARK_DEFAULT", raising=False)


def test_options_reach_the_checks(capsys, quick, tmp_path):
    """And the report is a list of four fields each."""
    words = ("--master", "local-cluster[1,1,512]", "--record-folder", tmp_path, "--conf", "spark.x.y=1")
    code, out, _ = run(capsys, "doctor", "--json", "--profile", "none", *words)
    lines = json.loads(out)
    assert code == 1
    assert {tuple(line) for line in lines} == {("check", "state", "what", "fix")}
    by_name = {line["check"]: line for line in lines}
    assert by_name["executor size"]["state"] == "error"
    assert "spark.x.y" in by_name["configuration"]["what"]
    assert by_name["records"]["what"] == f"{tmp_path} is writable"
