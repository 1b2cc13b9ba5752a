"""The command line of ``spark-guard limits``; its work is tested with ``cli.work.limits``."""

from airflow_spark_guard.cli import main


def test_help_says_what_it_reads(capsys):
    assert main(["limits", "--help"]) == 0
    assert "RECORDS" in capsys.readouterr().out


def test_without_records_it_is_a_wrong_command_line(capsys):
    assert main(["limits"]) == 2
    assert "RECORDS" in capsys.readouterr().err
