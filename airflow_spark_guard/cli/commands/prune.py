"""``spark-guard prune``: removes old records."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.terminal import duration, place, size

_ROOT = "Folder of all records, or the address of a store. Default: Airflow's option record_folder."


def prune(
    root: Annotated[Any, typer.Argument(parser=place, metavar="ROOT", help=_ROOT)] = None,
    *,
    older_than: Annotated[
        Any, typer.Option(parser=duration, metavar="AGE", help="Remove what is older, such as 30d.")
    ] = None,
    larger_than: Annotated[
        Any,
        typer.Option(
            parser=size, metavar="SIZE", help="Remove the oldest until the rest has this size, such as 10GB."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
) -> None:
    """Remove old records; without options as record_max_age and record_max_size of Airflow say."""
    from airflow_spark_guard.cli.work.prune import run  # noqa: PLC0415 - help is quick

    raise typer.Exit(run(root, older_than, larger_than, dry_run=dry_run))
