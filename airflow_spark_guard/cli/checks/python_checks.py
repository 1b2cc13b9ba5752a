"""Python and the packages that PySpark works with."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.work.distributions import distribution, numbers
from airflow_spark_guard.process.pyspark_pair import TESTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.setup import Setup

OLDEST_PYTHON: Final = (3, 11)
NEWEST_PYTHON: Final = (3, 13)
NEXT_PANDAS: Final = 3
_PYSPARK, _CLIENT = "pyspark", "pyspark-client"
_PYARROW = re.compile(r'minimum_pyarrow_version = "([\d.]+)"')


class PythonCheck(Check):
    """The Python that runs the task, and client mode's driver."""

    name = "Python"

    def look(self, setup: Setup) -> Iterable[Line]:
        """Supported or not."""
        found = ".".join(map(str, setup.python))
        if OLDEST_PYTHON <= setup.python[:2] <= NEWEST_PYTHON:
            return [self.ok(f"Python {found}")]
        first, last = (".".join(map(str, version)) for version in (OLDEST_PYTHON, NEWEST_PYTHON))
        return [
            self.error(
                f"Python {found} is not supported (supported: {first} to {last}).",
                f"Install Airflow and this package with Python {first} to {last}.",
            )
        ]


class PysparkPairCheck(Check):
    """pyspark and pyspark-client, which install into the same folder."""

    name = "pyspark"
    limit = 30.0

    def look(self, setup: Setup) -> Iterable[Line]:
        """One version of both, and every file as it was installed."""
        version, client = setup.version(_PYSPARK), setup.version(_CLIENT)
        if not version:
            return [self._missing(setup)]
        if client and client != version:
            return [
                self.error(
                    f"pyspark {version} and pyspark-client {client} are installed into the same folder: "
                    "files of one may have overwritten files of the other.",
                    f"pip install {_PYSPARK}=={TESTED} {_CLIENT}=={TESTED}",
                )
            ]
        found = distribution(_PYSPARK, setup.paths)
        changed = list(_changed(found)) if found is not None else []
        if changed:
            return [
                self.error(
                    f"{len(changed)} files of pyspark {version} are missing or not its own (such as "
                    f"{changed[0]}): pyspark-client of another version was installed or removed here.",
                    f"pip install --force-reinstall --no-deps {_PYSPARK}=={version}"
                    + (f" {_CLIENT}=={client}" if client else ""),
                )
            ]
        both = f"pyspark {version}" + (f" and pyspark-client {client}" if client else "")
        return [self.ok(f"{both}, files as installed")]

    def _missing(self, setup: Setup) -> Line:
        if setup.env.get("SPARK_HOME"):
            return self.ok("pyspark is not installed; SPARK_HOME brings its own")
        return self.error(
            "pyspark is not installed, and SPARK_HOME is not set.",
            f"pip install {_PYSPARK}=={TESTED} {_CLIENT}=={TESTED}",
        )


class PandasCheck(Check):
    """pandas, which PySpark 4 supports below version 3."""

    name = "pandas"

    def look(self, setup: Setup) -> Iterable[Line]:
        """Its version."""
        version = setup.version(self.name)
        if not version:
            return [self.warning("pandas is not installed.", "pip install 'pandas<3'")]
        if numbers(version)[:1] >= (NEXT_PANDAS,):
            return [
                self.error(
                    f"pandas {version}: PySpark 4 does not fully support pandas 3: jobs with pandas fail.",
                    "pip install 'pandas<3'",
                )
            ]
        return [self.ok(f"pandas {version}")]


class PyarrowCheck(Check):
    """pyarrow, which PySpark needs for pandas, and this package for samples."""

    name = "pyarrow"

    def look(self, setup: Setup) -> Iterable[Line]:
        """Its version against the one that the installed PySpark requires."""
        version, least = setup.version(self.name), _least_pyarrow(setup)
        if not version:
            what = "pyarrow is not installed: pandas UDFs, toPandas() with Arrow and collect_sample fail."
            return [self.warning(what, "pip install 'airflow-spark-guard[job]'")]
        if least and numbers(version) < numbers(least):
            what = f"pyarrow {version} is older than the installed PySpark requires ({least})."
            return [self.error(what, f"pip install 'pyarrow>={least}'")]
        return [self.ok(f"pyarrow {version}")]


def _least_pyarrow(setup: Setup) -> str:
    """As the installed PySpark has it; empty if that cannot be read."""
    found = distribution(_PYSPARK, setup.paths)
    try:
        file = Path(str(found.locate_file("pyspark/sql/pandas/utils.py"))) if found is not None else None
        match = _PYARROW.search(file.read_text(encoding="utf-8")) if file is not None else None
    except (OSError, UnicodeDecodeError):
        return ""
    return match[1] if match else ""


def _changed(found: Distribution) -> Iterator[str]:
    """The Python files of a distribution that are missing, or that have another content than it installed."""
    for row in csv.reader((found.read_text("RECORD") or "").splitlines()):
        name, digest = (*row, "", "")[:2]
        kind, _, expected = digest.partition("=")
        if not name.endswith(".py") or kind != "sha256":
            continue
        try:
            content = Path(str(found.locate_file(name))).read_bytes()
        except OSError:
            yield name
            continue
        if base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode() != expected:
            yield name
