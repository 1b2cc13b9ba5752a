"""spark-submit and its Java."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.work.distributions import numbers
from airflow_spark_guard.cli.work.java import java_version
from airflow_spark_guard.process.toolchain import find_spark_submit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.setup import Setup


class JavaCheck(Check):
    """The Java that Spark would start."""

    name = "Java"
    limit = 20.0

    def look(self, setup: Setup) -> Iterable[Line]:
        """Its version and path; the job's own error for one that is missing or too old."""
        return [self.ok(java_version(setup.env))]


class SparkSubmitCheck(Check):
    """The spark-submit that a task would run."""

    name = "spark-submit"

    def look(self, setup: Setup) -> Iterable[Line]:
        """Its path, and its Spark against the installed pyspark."""
        found = find_spark_submit(None, setup.env)
        pyspark = setup.version("pyspark")
        if found.version is None:
            what = f"{found.path}: the version of its Spark is not known, since its folder jars is not found."
            fix = "Set SPARK_HOME to the Spark that it belongs to."
            return [self.warning(what, fix)]
        version = ".".join(map(str, found.version))
        if pyspark and numbers(pyspark)[:2] != found.version:
            return [
                self.warning(
                    f"{found.path} is of Spark {version}, and pyspark {pyspark} is installed: the job runs "
                    "with the first, whatever the second can do.",
                    f"Unset SPARK_HOME to use pyspark {pyspark}; or keep both, and set PYSPARK_PYTHON to a "
                    f"Python with the packages for Spark {version}.",
                )
            ]
        return [self.ok(f"{found.path}, Spark {version}")]
