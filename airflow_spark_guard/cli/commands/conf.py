"""``spark-guard``: shows the configuration that a job would get, without starting Spark.

::

    spark-guard conf [--profile P] [--spark-version 4.2] [--conf k=v ...] [--properties-file F] [--master M]
    spark-guard conf --explain spark.network.timeout
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_explain import explain
from airflow_spark_guard.core.conf.conf_lint import lint
from airflow_spark_guard.core.conf.conf_table import PROFILES
from airflow_spark_guard.core.conf.effective_conf import EffectiveConf, Layer, check_user_conf
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.conf.properties import parse
from airflow_spark_guard.core.errors import ConfError, SparkGuardError
from airflow_spark_guard.core.text.masking import mask
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.process.toolchain import installed_pyspark, spark_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?", re.ASCII)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 if the conf has an error, 2 for a wrong command line."""
    arguments = _parser().parse_args(words)
    try:
        return _conf(arguments)
    except SparkGuardError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command prints
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spark-guard", description="Show the configuration that a guarded Spark job would get."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    conf = commands.add_parser(
        "conf", help="show the effective configuration, the origin of each value, and problems"
    )
    conf.add_argument("--profile", default="default", choices=PROFILES)
    conf.add_argument("--spark-version", type=_version, metavar="X.Y", help="default: the installed pyspark")
    conf.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE")
    conf.add_argument("--properties-file", type=Path, metavar="FILE")
    conf.add_argument("--master", default="", metavar="URL")
    conf.add_argument(
        "--deadline", type=float, metavar="SECONDS", help="deadline of the attempt; sets the JVM's backstop"
    )
    conf.add_argument("--explain", metavar="KEY", help="explain one key: type, versions, reason, and origin")
    return parser


def _version(text: str) -> tuple[int, int]:
    match = _VERSION.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not a Spark version such as 4.2"
        raise argparse.ArgumentTypeError(msg)
    return int(match[1]), int(match[2])


def _conf(arguments: argparse.Namespace) -> int:
    version = arguments.spark_version or _installed()
    effective = _effective(arguments, version)
    if arguments.explain:
        _print(explain(arguments.explain.strip(), effective.values, known_confs(), version))
        return 0
    rows = [(key, mask(key, found.value), found.origin) for key, found in sorted(effective.values.items())]
    _print(_table(("key", "value", "set by"), rows))
    _print(
        "", f"Spark {'.'.join(map(str, version)) if version else 'of unknown version'}: {len(rows)} values."
    )
    problems = lint(effective.values, spark_version=version, master=arguments.master)
    _print(*(f"note: {note}" for note in effective.notes))
    _print(*(f"{problem.severity}: {problem}" for problem in problems))
    fit = check_fit(effective.values, arguments.master)
    _print(*([f"warning: {fit}"] if fit else []))
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _effective(arguments: argparse.Namespace, version: tuple[int, int] | None) -> EffectiveConf:
    file: Path | None = arguments.properties_file
    layers = [Layer(str(file.absolute()), _read(file))] if file else []
    given = check_user_conf(dict(map(_pair, arguments.conf)), "conf")
    return SparkProfile(arguments.profile).effective(
        *layers, Layer("conf", given), spark_version=version, deadline=arguments.deadline
    )


def _installed() -> tuple[int, int] | None:
    home = installed_pyspark()
    return spark_version(home) if home else None


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise ConfError(
            "--conf takes a key and a value.",
            got=repr(text),
            expected="KEY=VALUE, such as spark.executor.memory=2g",
            advice="Write the value after an equals sign.",
        )
    return key, value


def _read(file: Path) -> dict[str, str]:
    try:
        return parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfError(
            "The properties file cannot be read.",
            got=f"{file}: {error}",
            expected="a file of Spark properties in UTF-8",
            advice="Check --properties-file.",
        ) from error


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [list(head), *([safe_text(cell) for cell in row] for row in rows)]
    widths = [min(max(len(row[at]) for row in cells), 80) for at in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _print(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
