"""The configuration that a job would get."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.checks.cluster import Cluster
from airflow_spark_guard.cli.checks.conf_checks import ConfCheck, conf_of, spark_of
from airflow_spark_guard.core.errors import ConfError
from tests.support.setups import setup, spark_home


def test_the_profile_alone_is_fine(tmp_path):
    (line,) = ConfCheck().run(setup(tmp_path))
    assert line.state == "ok"
    assert line.what.endswith("values, all with effect")


def test_an_unknown_key_is_named_with_the_nearest(tmp_path):
    (line,) = ConfCheck().run(setup(tmp_path, conf=("spark.executor.memroy=2g",)))
    assert line.state == "warning"
    assert "spark.executor.memroy" in line.what
    assert "spark.executor.memory" in line.what + line.fix


def test_a_value_that_spark_refuses_is_an_error(tmp_path):
    (line,) = ConfCheck().run(setup(tmp_path, conf=("spark.executor.memory=two",)))
    assert line.state == "error"


def test_files_connection_and_command_line_are_merged_in_sparks_order(tmp_path):
    home = spark_home(tmp_path / "spark")
    (home / "conf").mkdir()
    (home / "conf" / "spark-defaults.conf").write_text("spark.a 1\nspark.b 1\nspark.c 1\nother.d 1\n")
    found = setup(tmp_path, {"SPARK_HOME": str(home)}, conf=("spark.c=3",))
    found.cluster = Cluster("yarn", "connection x", conf={"spark.b": "2", "spark.c": "2"})
    values = conf_of(found).values
    assert [(values[key].value, values[key].origin) for key in ("spark.a", "spark.b", "spark.c")] == [
        ("1", str(home / "conf" / "spark-defaults.conf")), ("2", "connection x"), ("3", "conf"),
    ]  # fmt: skip
    assert "other.d" not in values


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    home = spark_home(tmp_path / "spark")
    (home / "conf").mkdir()
    (home / "conf" / "spark-defaults.conf").write_bytes(b"\xff")
    with pytest.raises(ConfError, match=r"spark-defaults\.conf cannot be read"):
        conf_of(setup(tmp_path, {"SPARK_HOME": str(home)}))


def test_without_spark_submit_pyspark_counts(tmp_path):
    """Its absence is another check's line."""
    found = setup(tmp_path, {"SPARK_HOME": str(tmp_path / "nowhere")})
    assert spark_of(found) == (4, 2)
    assert ConfCheck().run(found)[0].state == "ok"
