"""Checks that pyspark and pyspark-client, which install into the same folder, have the same version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.process.toolchain import SparkSubmit

# The newest version of both that is published, and the tested one; pyproject.toml allows no newer one.
TESTED = "4.2.0"
_PYSPARK, _CLIENT = "pyspark", "pyspark-client"


def mixed_versions(spark: SparkSubmit, installed: Callable[[str], str | None] | None = None) -> list[str]:
    """A warning with the pip command to run if the two versions differ, else an empty list.

    A Spark elsewhere (``SPARK_HOME``) brings its own Python files and is not affected.

    Args:
        spark: the spark-submit that is about to run.
        installed: returns the version of a distribution, or None if it is not installed; by default asks
            this environment.
    """
    look = installed or _installed
    spark_version, client_version = look(_PYSPARK), look(_CLIENT)
    if not spark.bundled or None in {spark_version, client_version} or spark_version == client_version:
        return []
    warning = (
        f"pyspark {spark_version} and {_CLIENT} {client_version} are installed into the same folder: files "
        "of one may have overwritten files of the other, and jobs may fail.\n"
        f"  got: {_PYSPARK}=={spark_version}, {_CLIENT}=={client_version}\n"
        "  expected: the same version of both\n"
        f"  do: pip install {_PYSPARK}=={TESTED} {_CLIENT}=={TESTED}\n"
        f"    or, to keep Spark {spark_version}: pip uninstall -y {_CLIENT} && "
        f"pip install --force-reinstall --no-deps {_PYSPARK}=={spark_version}"
    )
    return [warning]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
