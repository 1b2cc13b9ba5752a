"""spark-submit and Java."""

from __future__ import annotations

from airflow_spark_guard.cli.checks.spark_checks import JavaCheck, SparkSubmitCheck
from tests.support.setups import PATH, installed, java_home, setup, spark_home


def test_java_is_shown_with_its_place(tmp_path):
    (line,) = JavaCheck().run(setup(tmp_path))
    assert (line.state, line.what) == (
        "ok", f'openjdk version "17.0.9" 2025-04-15, {tmp_path}/java/bin/java',
    )  # fmt: skip


def test_java_11_is_an_error_with_the_fix(tmp_path):
    home = java_home(tmp_path / "old", "11.0.24")
    (line,) = JavaCheck().run(setup(tmp_path, {"JAVA_HOME": str(home)}))
    assert line.state == "error"
    assert f"Got: JAVA_HOME={home}, which is Java 11. Expected: Java 17 or newer." in line.what
    assert "openjdk-17-jre-headless" in line.fix


def test_the_installed_spark_is_found(tmp_path):
    """Of pyspark's version."""
    (line,) = SparkSubmitCheck().run(setup(tmp_path))
    assert line.state == "ok"
    assert line.what.endswith("/pyspark/bin/spark-submit, Spark 4.2")


def test_a_spark_home_without_spark_submit_is_an_error(tmp_path):
    (line,) = SparkSubmitCheck().run(setup(tmp_path, {"SPARK_HOME": str(tmp_path / "nowhere")}))
    assert line.state == "error"
    assert line.what.startswith(f"No spark-submit found. Got: SPARK_HOME={tmp_path}/nowhere.")
    assert "set SPARK_HOME to a Spark" in line.fix


def test_a_spark_of_another_version_is_a_warning(tmp_path):
    home = spark_home(tmp_path / "spark", "3.5.7")
    (line,) = SparkSubmitCheck().run(setup(tmp_path, {"SPARK_HOME": str(home)}))
    assert line.state == "warning"
    assert line.what.startswith(f"{home}/bin/spark-submit is of Spark 3.5, and pyspark 4.2.0 is installed")
    assert line.fix.startswith("Unset SPARK_HOME to use pyspark 4.2.0")


def test_without_pyspark_any_spark_will_do(tmp_path):
    home = spark_home(tmp_path / "spark", "3.5.7")
    paths = installed(tmp_path / "packages", pandas="2.3.3")
    (line,) = SparkSubmitCheck().run(setup(tmp_path, {"SPARK_HOME": str(home)}, paths=paths))
    assert line.state == "ok"


def test_a_spark_submit_without_its_spark_is_a_warning(tmp_path):
    program = tmp_path / "bin" / "spark-submit"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (line,) = SparkSubmitCheck().run(setup(tmp_path, {"PATH": f"{program.parent}:{PATH}"}))
    assert (line.state, line.fix) == ("warning", "Set SPARK_HOME to the Spark that it belongs to.")
