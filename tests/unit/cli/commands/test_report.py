"""The command line of ``spark-guard report``; its work is tested with ``cli.work.report``."""

from airflow_spark_guard.cli import main


def test_help_names_each_option(capsys):
    assert main(["report", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--output", "--history", "--limit", "--core-hour", "--gib-hour", "--currency"):
        assert option in text


def test_without_a_source_there_is_nothing_to_draw(capsys):
    assert main(["report"]) == 2
    assert "SOURCE" in capsys.readouterr().err
