"""The effective configuration, as it is printed."""

from __future__ import annotations

import sys

import pytest

from airflow_spark_guard.cli import main
from airflow_spark_guard.process import toolchain


def test_conf_prints_every_value_with_who_set_it(capsys, tmp_path):
    file = tmp_path / "job.conf"
    file.write_text("spark.executor.memory 2g\nspark.ssl.keyPassword hunter2\n")
    words = [
        "conf",
        "--spark-version",
        "4.2",
        "--properties-file",
        str(file),
        "--conf",
        "spark.network.timeout=200s",
    ]
    assert main([*words, "--deadline", "600"]) == 0
    out = capsys.readouterr().out
    rows = dict(line.split(None, 1) for line in out.splitlines() if line.startswith("spark."))
    assert rows["spark.network.timeout"].split() == ["200s", "conf"]
    assert rows["spark.executor.memory"].split() == ["2g", str(file)]
    assert rows["spark.task.reaper.enabled"].split() == ["true", "profile"]
    assert rows["spark.driver.timeout"].split() == ["12min", "profile"]
    assert "hunter2" not in out
    assert "note: conf sets spark.network.timeout = 200s, and Spark uses it for other keys." in out
    assert f"Spark 4.2: {len(rows)} values." in out


def test_conf_ends_with_1_where_there_is_an_error(capsys):
    words = [
        "conf",
        "--profile",
        "none",
        "--conf",
        "spark.network.timeout=30s",
        "--conf",
        "spark.netwrok.x=1",
    ]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert (
        "error: spark.network.timeoutInterval = 60s (Spark's default) and spark.network.timeout = 30s (conf)"
        in out
    )
    assert "warning: Spark itself does not know spark.netwrok.x." in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--conf", "spark.x"], "--conf takes a key and a value."),
        (["--properties-file", "/nowhere/x.conf"], "The properties file cannot be read."),
        (["--conf", "spark.network.timeout=banana"], "Spark cannot read"),
        (
            ["--master", "local-cluster[1,1,1024]", "--conf", "spark.executor.memory=2g"],
            "An executor of this job does not fit on any worker",
        ),
    ],
)
def test_bad_input_is_one_message_and_1(capsys, words, said):
    assert main(["conf", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["conf", "--spark-version", "four"], ["conf", "--profile", "nonsense"]]
)
def test_a_wrong_command_line_ends_with_2(words, capsys):
    assert main(words) == 2
    found = capsys.readouterr()
    assert "Usage: spark-guard" in found.out + found.err


def test_explain_prints_the_reason(capsys):
    assert main(["conf", "--explain", "spark.task.reaper.enabled"]) == 0
    assert "Monitors cancelled tasks until they end" in capsys.readouterr().out


def test_without_a_spark_beside_us_the_version_is_unknown(capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    if toolchain.installed_pyspark() is not None:
        pytest.skip("pyspark is found without a path")
    assert main(["conf", "--master", "local-cluster[0,1,1024]"]) == 0
    out = capsys.readouterr().out
    assert "Spark of unknown version" in out
    assert "warning: The Spark master currently has no living worker" in out


@pytest.mark.parametrize("deadline", ["600", "10m", "600s"])
def test_a_deadline_is_a_duration(capsys, deadline):
    """A plain number is in seconds."""
    assert main(["conf", "--spark-version", "4.2.0", "--deadline", deadline]) == 0
    assert " 12min " in capsys.readouterr().out


def test_a_wrong_value_names_the_option_and_what_it_takes(capsys):
    """Before anything runs."""
    assert main(["conf", "--deadline", "soon"]) == 2
    assert "'soon' is not a duration such as 10m" in " ".join(capsys.readouterr().err.split())
    assert main(["conf", "--profile", "fast"]) == 2
    assert "default, ml-training" in " ".join(capsys.readouterr().err.replace("│", " ").split())
