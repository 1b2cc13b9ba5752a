"""``spark-guard version``: what is installed here, and what the package was tested with."""

from __future__ import annotations


def version() -> None:
    """Show the versions of what matters here, and of what was tested."""
    from airflow_spark_guard.cli.work.version import show  # noqa: PLC0415 - help is quick

    show()
