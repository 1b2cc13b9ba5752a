"""Python, and packages by their metadata and their files."""

from __future__ import annotations

import re
import tomllib

import pytest

from airflow_spark_guard.cli.checks import python_checks
from airflow_spark_guard.cli.checks.python_checks import (
    PandasCheck,
    PyarrowCheck,
    PysparkPairCheck,
    PythonCheck,
)
from airflow_spark_guard.cli.checks.setup import Setup
from tests.support.paths import ROOT
from tests.support.setups import installed


def states(check, setup):
    return [(line.state, line.what) for line in check.run(setup)]


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), "error"), ((3, 11, 0), "ok"), ((3, 13, 5), "ok"), ((3, 14, 0), "error")],
)
def test_pythons_are_supported_or_not(version, state):
    (line,) = PythonCheck().run(Setup(python=version))
    assert (line.state, line.what.split()[1]) == (state, ".".join(map(str, version)))
    assert bool(line.fix) is (state == "error")


def test_the_limits_are_those_of_the_project():
    """The package itself installs nowhere else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest, newest = python_checks.OLDEST_PYTHON, python_checks.NEWEST_PYTHON
    assert project["requires-python"] == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    (pandas,) = [word for word in project["dependencies"] if word.startswith("pandas")]
    assert pandas.endswith(f"<{python_checks.NEXT_PANDAS}")


@pytest.fixture
def pyspark(tmp_path):
    """A folder of packages with some of pyspark's files."""
    (tmp_path / "pyspark" / "sql" / "pandas").mkdir(parents=True)
    for name in ("version.py", "sql/__init__.py"):
        (tmp_path / "pyspark" / name).write_text(f"# {name}\n")
    (tmp_path / "pyspark" / "sql" / "pandas" / "utils.py").write_text(
        '    minimum_pyarrow_version = "18.0.0"\n'
    )
    return tmp_path


FILES = ("pyspark/version.py", "pyspark/sql/__init__.py", "pyspark/sql/pandas/utils.py")


def test_one_version_of_both_with_all_files_is_fine(pyspark):
    """Those of this environment too."""
    paths = installed(pyspark, FILES, pyspark="4.2.0", pyspark_client="4.2.0")
    assert states(PysparkPairCheck(), Setup(paths=paths)) == [
        ("ok", "pyspark 4.2.0 and pyspark-client 4.2.0, files as installed")
    ]
    assert [state for state, _ in states(PysparkPairCheck(), Setup())] == ["ok"]


def test_two_versions_are_an_error(pyspark):
    """pip does not report it."""
    paths = installed(pyspark, FILES, pyspark="4.2.0", pyspark_client="4.3.0")
    (line,) = PysparkPairCheck().run(Setup(paths=paths))
    assert line.state == "error"
    assert line.what.startswith("pyspark 4.2.0 and pyspark-client 4.3.0 are installed into the same folder")
    assert line.fix == "pip install pyspark==4.2.0 pyspark-client==4.2.0"


def test_a_file_of_another_version_is_an_error(pyspark):
    """The versions were made equal later, and the files were not."""
    paths = installed(pyspark, FILES, pyspark="4.2.0", pyspark_client="4.2.0")
    (pyspark / "pyspark" / "version.py").write_text("# of 4.3.0\n")
    (line,) = PysparkPairCheck().run(Setup(paths=paths))
    assert line.state == "error"
    assert line.what.startswith(
        "1 files of pyspark 4.2.0 are missing or not its own (such as pyspark/version.py)"
    )
    assert line.fix == "pip install --force-reinstall --no-deps pyspark==4.2.0 pyspark-client==4.2.0"


def test_a_missing_file_is_an_error(pyspark):
    """pip uninstall pyspark-client takes pyspark's files along."""
    paths = installed(pyspark, FILES, pyspark="4.2.0")
    (pyspark / "pyspark" / "sql" / "__init__.py").unlink()
    (line,) = PysparkPairCheck().run(Setup(paths=paths))
    assert (line.state, line.fix) == ("error", "pip install --force-reinstall --no-deps pyspark==4.2.0")


def test_without_pyspark_there_must_be_a_spark_home(tmp_path):
    paths = installed(tmp_path, pandas="2.3.3")
    (line,) = PysparkPairCheck().run(Setup(paths=paths, env={}))
    assert (line.state, line.fix) == ("error", "pip install pyspark==4.2.0 pyspark-client==4.2.0")
    assert states(PysparkPairCheck(), Setup(paths=paths, env={"SPARK_HOME": "/opt/spark"}))[0][0] == "ok"


@pytest.mark.parametrize(
    ("version", "state"), [("2.3.3", "ok"), ("3.0.0", "error"), ("3.1.0rc1", "error"), ("", "warning")]
)
def test_pandas_3_is_an_error(tmp_path, version, state):
    paths = installed(tmp_path, **({"pandas": version} if version else {}))
    (line,) = PandasCheck().run(Setup(paths=paths))
    assert (line.state, line.fix) == (state, "" if state == "ok" else "pip install 'pandas<3'")


@pytest.mark.parametrize(
    ("version", "state"), [("18.0.0", "ok"), ("26.0.1", "ok"), ("17.0.1", "error"), ("", "warning")]
)
def test_pyarrow_is_compared_with_what_pyspark_requires(pyspark, version, state):
    found = {"pyarrow": version} if version else {}
    paths = installed(pyspark, FILES, pyspark="4.2.0", **found)
    assert states(PyarrowCheck(), Setup(paths=paths))[0][0] == state


def test_pyarrow_is_fine_if_pyspark_requires_nothing_that_can_be_read(tmp_path):
    assert states(PyarrowCheck(), Setup(paths=installed(tmp_path, pyarrow="1.0"))) == [("ok", "pyarrow 1.0")]


def test_the_installed_pyspark_still_has_its_requirement_where_it_is_read():
    assert re.fullmatch(r"\d+\.\d+\.\d+", python_checks._least_pyarrow(Setup()))
