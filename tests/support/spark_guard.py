"""``spark-guard`` as a user runs it, in this process."""

from __future__ import annotations

from airflow_spark_guard.cli import main


def run(capsys, *words):
    """(exit code, standard output, standard error)."""
    code = main([str(word) for word in words])
    found = capsys.readouterr()
    return code, found.out, found.err
