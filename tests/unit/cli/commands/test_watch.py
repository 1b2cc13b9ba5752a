"""The command line of ``spark-guard watch``; its work is tested with ``cli.work.watch``."""

from __future__ import annotations

from airflow_spark_guard.cli import COMMANDS
from airflow_spark_guard.cli.commands.watch import watch
from tests.support.spark_guard import run

WORDS = ("URL|APP", "--master", "--master-ui", "--interval", "--stall-timeout")


def test_it_is_a_command_with_help(capsys):
    """Every option with its meaning."""
    assert watch in COMMANDS
    code, out, _ = run(capsys, "watch", "--help")
    assert code == 0
    for word in WORDS:
        assert word in out


def test_durations_are_checked(capsys):
    assert run(capsys, "watch", "x", "--interval", "often")[0] == 2
