"""``spark-guard report``: a page from an event log, a history server, or the record of an attempt."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the signature
from typing import Annotated

import typer


def report(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="An event log (file or folder), a record's folder, or with --history an application id.",
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page. Default: NAME.html in this folder."),
    ] = None,
    history: Annotated[
        str,
        typer.Option(metavar="URL", help="History server to take the log from, such as http://host:18080."),
    ] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Limit of the watchdog in the replay, such as stall_timeout=5m. Repeatable.",
        ),
    ] = None,
    core_hour: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Price of one core for an hour.")
    ] = None,
    gib_hour: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Price of one GiB of memory for an hour.")
    ] = None,
    currency: Annotated[str, typer.Option(metavar="TEXT", help="Shown after a price.")] = "",
) -> None:
    """Draw a page from an event log, or from the record of an attempt, and replay the watchdog over it."""
    from airflow_spark_guard.cli.work import report as work  # noqa: PLC0415 - help is quick

    asked = work.Asked(source, history, tuple(limit or ()), core_hour, gib_hour, currency)
    raise typer.Exit(work.write(asked, output))
