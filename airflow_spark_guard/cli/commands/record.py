"""``spark-guard record``: what an attempt has left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.terminal import place


def record(
    path: Annotated[
        Any,
        typer.Argument(parser=place, metavar="PATH", help="Where the record is, as the task log names it."),
    ] = None,
    *,
    dag: Annotated[str, typer.Option(metavar="ID", help="Id of the DAG, instead of PATH.")] = "",
    run: Annotated[str, typer.Option(metavar="ID", help="Id of the run.")] = "",
    task: Annotated[str, typer.Option(metavar="ID", help="Id of the task.")] = "",
    number: Annotated[
        int | None, typer.Option("--try", metavar="N", help="Number of the try. Default: the newest.")
    ] = None,
    map_index: Annotated[
        int, typer.Option("--map", metavar="I", help="Map index of a mapped task.", show_default=False)
    ] = -1,
    root: Annotated[
        Any,
        typer.Option(
            parser=place,
            metavar="FOLDER",
            help="Folder of all records, or the address of a store. Default: Airflow's option record_folder.",
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option(metavar="N", min=0, help="Lines of the output's end, and of the stacks; 0 for all.")
    ] = 40,
) -> None:
    """Show an attempt's record: verdict, reason, advice, times, the end of the output, stacks."""
    from airflow_spark_guard.cli.work import record as work  # noqa: PLC0415 - help is quick
    from airflow_spark_guard.cli.work.record_place import place_of_record, root_of_records  # noqa: PLC0415

    if path is None:
        named = bool(dag and run and task)
        path = place_of_record(root_of_records(root) if named else Path(), dag, run, task, number, map_index)
    raise typer.Exit(work.show(path, lines))
