"""``spark-guard limits``: limits for a task, from the records of its past tries."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the signature
from typing import Annotated

import typer


def limits(
    records: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDS...", help="Folders of records of one task, or folders that have some below them."
        ),
    ],
) -> None:
    """Suggest limits from past tries, and say what they would have done to each of them."""
    from airflow_spark_guard.cli.work.limits import show  # noqa: PLC0415 - help is quick

    show(records)
