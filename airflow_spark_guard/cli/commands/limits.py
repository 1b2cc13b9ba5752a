"""``spark-guard limits``: limits for a task, from the records of its past tries."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.terminal import place


def limits(
    records: Annotated[
        list[Any],
        typer.Argument(
            parser=place,
            metavar="RECORDS...",
            help="Folders of records of one task, or folders that have some below them; also of a store.",
        ),
    ],
) -> None:
    """Suggest limits from past tries, and say what they would have done to each of them."""
    from airflow_spark_guard.cli.work.limits import show  # noqa: PLC0415 - help is quick

    show(records)
