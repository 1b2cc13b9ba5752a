"""``spark-guard explain``: what a verdict means, or what a key of Spark's configuration does."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    name: Annotated[
        str, typer.Argument(metavar="VERDICT|KEY", help="Such as STALLED, or spark.network.timeout.")
    ],
) -> None:
    """Explain a verdict, or a key of Spark's configuration."""
    from airflow_spark_guard.cli.work.explain import show  # noqa: PLC0415 - help is quick

    show(name)
