"""Whether pyspark and pyspark-client are of one version."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from packaging.requirements import Requirement

from airflow_spark_guard.process.pyspark_pair import TESTED, mixed_versions
from airflow_spark_guard.process.toolchain import SparkSubmit
from tests.support.processes import ROOT

OURS = SparkSubmit("x", None, (4, 2), bundled=True)


def install(folder, **versions):
    """As far as metadata go."""
    for name, version in versions.items():
        metadata = folder / f"{name}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("pyspark", "client"), [("4.3.0", "4.2.0"), ("4.2.1", "4.2.0"), ("4.0.1", "4.2.0"), ("4.2.0", "4.1.3")]
)
def test_two_versions_are_a_warning_with_the_lines_for_pip(tmp_path, monkeypatch, pyspark, client):
    """The tested pair, or the Spark that is there without the other's files; whichever is newer."""
    install(tmp_path, pyspark=pyspark, pyspark_client=client)
    monkeypatch.syspath_prepend(str(tmp_path))
    (warning,) = mixed_versions(OURS)
    assert warning == (
        f"pyspark {pyspark} and pyspark-client {client} are installed into the same folder: files of one may have "
        "overwritten files of the other, and jobs may fail.\n"
        f"  got: pyspark=={pyspark}, pyspark-client=={client}\n"
        "  expected: the same version of both\n"
        f"  do: pip install pyspark=={TESTED} pyspark-client=={TESTED}\n"
        f"    or, to keep Spark {pyspark}: pip uninstall -y pyspark-client && "
        f"pip install --force-reinstall --no-deps pyspark=={pyspark}"
    )


@pytest.mark.parametrize(
    ("pyspark", "client"),
    [("4.2.0", "4.2.0"), ("4.0.4", "4.0.4"), ("4.3.0", None), (None, "4.2.0"), (None, None)],
)
def test_one_version_or_one_distribution_is_nothing(pyspark, client):
    """Nothing lies over anything."""
    installed = {"pyspark": pyspark, "pyspark-client": client}
    assert mixed_versions(OURS, installed.get) == []


def test_a_spark_elsewhere_has_python_files_of_its_own():
    """What is installed beside us is not what the job runs on."""
    installed = {"pyspark": "4.3.0", "pyspark-client": "4.2.0"}
    assert mixed_versions(replace(OURS, bundled=False), installed.get) == []


def test_the_tests_own_environment_is_not_mixed():
    """By the real metadata."""
    assert mixed_versions(OURS) == []


def test_the_tested_pair_is_what_a_plain_install_may_bring_at_the_most():
    """One number in three places."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {found.name: found.specifier for found in map(Requirement, project["dependencies"])}
    for name in ("pyspark", "pyspark-client"):
        assert TESTED in needed[name]
        assert not [v for v in ("4.2.1", "4.3.0", "5.0.0") if v in needed[name]]
