"""``spark-guard``: shows, checks and explains what a guarded job does, in the terminal.

A command is a function in a module of its own below ``commands/``, and its name in :data:`COMMANDS`. Help is
shown often and by shells: a module imports what its command needs when the command runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from airflow_spark_guard.cli.commands import (
    conf,
    doctor,
    explain,
    limits,
    prune,
    record,
    report,
    version,
    watch,
)
from airflow_spark_guard.core.errors import SparkGuardError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    conf.conf,
    doctor.doctor,
    explain.explain,
    limits.limits,
    prune.prune,
    record.record,
    report.report,
    version.version,
    watch.watch,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        words: the command line without the program's name; None for that of this process.

    Returns:
        The exit code: 0; 1 if the command found an error; 2 for a wrong command line; 130 after Ctrl+C.
    """
    try:
        _application()(args=words, prog_name="spark-guard")
    except SparkGuardError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command prints
        return 1
    except SystemExit as end:  # typer always ends so
        return end.code if isinstance(end.code, int) else 1
    return 0


def _application() -> typer.Typer:
    application = typer.Typer(
        help="Shows, checks and explains what a guarded Spark job does.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in COMMANDS:
        application.command()(command)
    return application
