"""``spark-guard watch``: a running application, live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.terminal import duration

_TARGET = "URL of the driver's web UI, or id or name of an application."


def watch(
    target: Annotated[str, typer.Argument(metavar="URL|APP", help=_TARGET)],
    *,
    master: Annotated[
        str,
        typer.Option(metavar="URL", help="Standalone master that knows APP. Default: look on this host."),
    ] = "",
    master_ui: Annotated[str, typer.Option(metavar="URL", help="Its web page, if not on port 8080.")] = "",
    interval: Annotated[
        Any, typer.Option(parser=duration, metavar="DURATION", help="Time between two looks. Default: 2s.")
    ] = None,
    stall_timeout: Annotated[
        Any,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="Limit to compare with, as limits.stall_timeout. Default: 10m.",
        ),
    ] = None,
) -> None:
    """Show a running application until it ends: stages, executors, time without movement, lines of Python."""
    from airflow_spark_guard.cli.work.watch import run  # noqa: PLC0415 - help is quick

    raise typer.Exit(run(target, master, master_ui, interval or 2.0, stall_timeout))
