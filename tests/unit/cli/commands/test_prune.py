"""The command line of ``spark-guard prune``; its work is tested with ``cli.work.prune``."""

from __future__ import annotations

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.prune import prune
from tests.support.spark_guard import run

WORDS = ("ROOT", "--older-than", "--larger-than", "--dry-run", "30d", "10GB")


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert prune in COMMANDS
    code, out, _ = run(capsys, "prune", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out
