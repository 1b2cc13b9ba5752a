"""``spark-guard doctor``: whether a guarded job can run here, and what to do if not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.commands.conf import PAIRS, PROFILE
from airflow_spark_guard.cli.terminal import place


def doctor(
    *,
    connection: Annotated[
        str, typer.Option(metavar="ID", help="Airflow connection. Default: spark_default, where Airflow is.")
    ] = "",
    master: Annotated[str, typer.Option(metavar="URL", help="Spark's master, without a connection.")] = "",
    record_folder: Annotated[
        Any,
        typer.Option(
            parser=place,
            metavar="FOLDER",
            help="Folder of all records, or the address of a store. Default: Airflow's option record_folder.",
        ),
    ] = None,
    profile: Annotated[str, PROFILE] = "default",
    pairs: Annotated[list[str] | None, PAIRS] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of check, state, what, fix.")] = False,
) -> None:
    """Check Java, Python, packages, spark-submit, connection, master, records, limits; name each fix."""
    from airflow_spark_guard.cli.checks.setup import Setup  # noqa: PLC0415 - help is quick
    from airflow_spark_guard.cli.work.doctor import run  # noqa: PLC0415 - help is quick

    setup = Setup(
        connection=connection,
        master=master,
        record_folder=record_folder,
        profile=profile,
        conf=tuple(pairs or ()),
    )
    raise typer.Exit(run(setup, as_json=as_json))
