"""The command line of ``spark-guard record``; its work is tested with ``cli.work.record``."""

from __future__ import annotations

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.record import record
from tests.support.spark_guard import run

WORDS = ("PATH", "--dag", "--run", "--task", "--try", "--map", "--root", "--lines")


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert record in COMMANDS
    code, out, _ = run(capsys, "record", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out
