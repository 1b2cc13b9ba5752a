"""The effective configuration as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.conf.conf_explain import explain
from airflow_spark_guard.core.conf.conf_lint import lint
from airflow_spark_guard.core.conf.effective_conf import EffectiveConf, Layer, check_user_conf
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.conf.preflight import check_fit
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.conf.properties import parse
from airflow_spark_guard.core.errors import ConfError
from airflow_spark_guard.core.text.masking import mask
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.process.toolchain import installed_pyspark, spark_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_WIDEST = 80


def show(effective: EffectiveConf, version: tuple[int, int] | None, master: str) -> int:
    """Print every value with its origin, and problems; return the exit code, 1 if there is an error."""
    rows = [(key, mask(key, found.value), found.origin) for key, found in sorted(effective.values.items())]
    _print(_table(("key", "value", "set by"), rows))
    _print(
        "", f"Spark {'.'.join(map(str, version)) if version else 'of unknown version'}: {len(rows)} values."
    )
    problems = lint(effective.values, spark_version=version, master=master)
    _print(*(f"note: {note}" for note in effective.notes))
    _print(*(f"{problem.severity}: {problem}" for problem in problems))
    fit = check_fit(effective.values, master)
    _print(*([f"warning: {fit}"] if fit else []))
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def explain_key(effective: EffectiveConf, key: str, version: tuple[int, int] | None) -> None:
    """Print what a key is, and which value is in effect."""
    _print(explain(key, effective.values, known_confs(), version))


def effective_conf(
    pairs: Iterable[str],
    profile: str = "default",
    file: Path | None = None,
    version: tuple[int, int] | None = None,
    deadline: float | None = None,
    layers: Iterable[Layer] = (),
) -> EffectiveConf:
    """The configuration with these settings.

    Args:
        pairs: each as ``KEY=VALUE``.
        profile: its name.
        file: of properties; None for none.
        version: (major, minor) of Spark; None if unknown.
        deadline: of the attempt, in seconds.
        layers: between the file and the pairs, weaker ones first.

    Raises:
        ConfError: a setting that cannot be read.
    """
    of_file = [Layer(str(file.absolute()), _file(file))] if file else []
    given = check_user_conf(dict(map(_pair, pairs)), "conf")
    return SparkProfile(profile).effective(
        *of_file, *layers, Layer("conf", given), spark_version=version, deadline=deadline
    )


def installed_spark() -> tuple[int, int] | None:
    """(major, minor) of the Spark that pyspark has installed here; None if there is none."""
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


def _file(file: Path) -> dict[str, str]:
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
    widths = [min(max(len(row[at]) for row in cells), _WIDEST) for at in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _print(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201 - a command prints
