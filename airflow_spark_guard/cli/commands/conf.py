"""``spark-guard conf``: the configuration that a job would get, without starting Spark."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 - typer reads the signature
from typing import Annotated, Any

import typer

from airflow_spark_guard.cli.terminal import duration

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?", re.ASCII)


def _version(text: str) -> tuple[int, int]:
    match = _VERSION.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not a Spark version such as 4.2"
        raise typer.BadParameter(msg)
    return int(match[1]), int(match[2])


def profile_name(text: str) -> str:
    """The name of a profile on the command line."""
    from airflow_spark_guard.core.conf.conf_table import PROFILES  # noqa: PLC0415 - help is quick

    if text not in PROFILES:
        msg = f"{text!r} is not one of {', '.join(PROFILES)}"
        raise typer.BadParameter(msg)
    return text


PROFILE = typer.Option(
    parser=profile_name, metavar="P", help="Profile: default, ml-training, strict or none."
)
PAIRS = typer.Option("--conf", metavar="KEY=VALUE", help="As conf= of the operator; repeatable.")


def conf(
    *,
    profile: Annotated[str, PROFILE] = "default",
    spark_version: Annotated[
        Any, typer.Option(parser=_version, metavar="X.Y", help="Default: the installed pyspark.")
    ] = None,
    pairs: Annotated[list[str] | None, PAIRS] = None,
    properties_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="As properties_file= of the operator.")
    ] = None,
    master: Annotated[str, typer.Option(metavar="URL", help="Spark's master.")] = "",
    deadline: Annotated[
        Any,
        typer.Option(
            parser=duration, metavar="DURATION", help="Deadline of the attempt; sets the JVM's backstop."
        ),
    ] = None,
    explain: Annotated[
        str, typer.Option(metavar="KEY", help="Explain one key: type, versions, reason, and origin.")
    ] = "",
) -> None:
    """Show the effective configuration, the origin of each value, and problems."""
    from airflow_spark_guard.cli.work import conf as work  # noqa: PLC0415 - help is quick

    version = spark_version or work.installed_spark()
    effective = work.effective_conf(pairs or (), profile, properties_file, version, deadline)
    if explain:
        work.explain_key(effective, explain.strip(), version)
    else:
        raise typer.Exit(work.show(effective, version, master))
