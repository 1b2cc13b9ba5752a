"""The command line of ``spark-guard version``; its work is tested with ``cli.work.version``."""

from __future__ import annotations

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.version import version
from tests.support.spark_guard import run

WORDS = ("--help",)


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert version in COMMANDS
    code, out, _ = run(capsys, "version", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out
