"""Versions: installed and tested."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Final

from airflow_spark_guard import __version__
from airflow_spark_guard.cli.terminal import print_text
from airflow_spark_guard.cli.work.distributions import installed_version
from airflow_spark_guard.cli.work.java import java_version
from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.process.pyspark_pair import TESTED as TESTED_PYSPARK

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTED: Final[Mapping[str, str]] = {
    "apache-airflow": "3.3.2",
    "apache-airflow-providers-apache-spark": "6.3.4",
    "pyspark": TESTED_PYSPARK,
    "pyspark-client": TESTED_PYSPARK,
    "pandas": "2.3.3",
}
"""What every test of a release runs with; README, "Versions", has the other combinations."""
_TESTED_PYTHON, _TESTED_JAVA = "3.11", "17"


def show() -> None:
    """Print them."""
    rows = [("airflow-spark-guard", __version__, "")]
    rows += [(name, installed_version(name) or "not installed", tested) for name, tested in TESTED.items()]
    rows += [("Python", platform.python_version(), _TESTED_PYTHON), ("Java", _java(), _TESTED_JAVA)]
    width, wide = (max(len(row[at]) for row in rows) for at in (0, 1))
    for name, found, tested in rows:
        line = f"{name.ljust(width)}  {found.ljust(wide)}  {f'tested: {tested}' if tested else ''}"
        print_text(line.rstrip())
    print_text('README, "Versions", has what else was tested.')


def _java() -> str:
    try:
        return java_version(os.environ)
    except SparkGuardError as error:
        return error.got or error.what
