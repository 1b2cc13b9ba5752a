"""The command line of ``spark-guard explain``; its work is tested with ``cli.work.explain``."""

from __future__ import annotations

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.explain import explain
from tests.support.spark_guard import run

WORDS = ("VERDICT|KEY", "STALLED")


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert explain in COMMANDS
    code, out, _ = run(capsys, "explain", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out
