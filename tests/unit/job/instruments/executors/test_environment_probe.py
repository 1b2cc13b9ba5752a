"""What one Python has, found without importing anything."""

from __future__ import annotations

import json
import sys
import zipfile
from importlib.metadata import version

import pytest

from airflow_spark_guard.job.instruments.executors.environment_probe import (
    content_of,
    probe,
    probe_as_text,
    version_of,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """On the path, with a package whose import would fail."""
    package = tmp_path / "probed_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    (package / "part.py").write_text("x = 1\n")
    (tmp_path / "probed_single.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_versions_are_read_from_the_installations():
    """One that is missing, or has no valid name, is empty."""
    assert version_of("pyspark") == version("pyspark")
    assert version_of("no-such-distribution") == version_of("") == ""


def test_a_module_that_is_loaded_but_not_installed_has_its_own_version(monkeypatch):
    """As PySpark on an executor, which comes from Spark's zip."""
    module = type(sys)("zipped_spark")
    module.__version__ = "4.2.0"
    monkeypatch.setitem(sys.modules, "zipped_spark", module)
    assert version_of("zipped_spark") == "4.2.0"


def test_modules_are_compared_by_their_source_and_not_imported(folder):
    """Of a package, the part that is named; line ends do not count."""
    part = content_of("probed_package.part")
    assert part == content_of("probed_single") != content_of("probed_package")
    (folder / "probed_single.py").write_bytes(b"x = 1\r\n")
    assert content_of("probed_single") == part
    (folder / "probed_single.py").write_text("x = 2\n")
    assert content_of("probed_single") != part
    assert not any(name.startswith("probed") for name in sys.modules)


def test_a_module_in_a_zip_has_the_same_content_as_its_file(folder, monkeypatch):
    """Which is how shipped modules arrive."""
    expected = content_of("probed_package.part")
    archive = folder / "shipped.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(folder / "probed_package" / "part.py", "other_name.py")
    monkeypatch.syspath_prepend(archive)
    assert content_of("other_name") == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no_such_module", ""),
        ("probed_package.nothing", ""),
        ("probed_single.x", ""),
        ("", ""),
        ("_struct", "binary"),
    ],
)
def test_a_module_without_source(folder, name, content):
    """It is missing, or has none."""
    if name == "_struct" and name in sys.builtin_module_names:
        pytest.skip("built into this Python")
    assert content_of(name) == content


def test_the_answer_is_plain_json(folder):
    """As an executor sends it."""
    answer = json.loads(probe_as_text(("pyspark",), ("probed_single",)))
    assert answer == probe(("pyspark",), ("probed_single",))
    assert answer["distributions"] == {"pyspark": version("pyspark")}
    assert answer["executable"] == sys.executable
