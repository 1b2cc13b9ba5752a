"""What is installed, and what was tested."""

from __future__ import annotations

import re

from airflow_spark_guard import __version__
from airflow_spark_guard.cli.work import version
from airflow_spark_guard.cli.work.version import TESTED
from tests.support.paths import ROOT
from tests.support.spark_guard import run


def test_versions_of_what_matters_are_shown_with_the_tested_ones(capsys, monkeypatch, tmp_path):
    """Java is that of a job; where there is none, why."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    code, out, _ = run(capsys, "version")
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert rows["airflow-spark-guard"].split() == ["airflow-spark-guard", __version__]
    assert rows["pyspark"].split() == ["pyspark", "4.2.0", "tested:", "4.2.0"]
    assert f'openjdk version "21.0.1" 2025-04-15, {java}' in rows["Java"]
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    assert "which did not report a version" in run(capsys, "version")[1]


def test_the_tested_versions_are_the_pinned_ones():
    """And those of README."""
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    )
    assert {name: pinned[name] for name in TESTED} == dict(TESTED)
    row = next(line for line in (ROOT / "README.md").read_text().splitlines() if "all tests (" in line)
    for found in (*TESTED.values(), f"Python {version._TESTED_PYTHON}", f"Java {version._TESTED_JAVA}"):
        assert found in row
