"""Run the Spark provider's own tests of its submit hook and operator on our classes; print what differs.

The tests come out of the provider's source distribution, into ``build/upstream-tests``; nothing of them is
kept in the project. A difference is a test that its own classes pass and ours do not. Each is known and has
its reason in ``differences.py``: the exit code is 1 for one that is not, and for one that is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections import defaultdict
from pathlib import Path

from tools import BUILD, ROOT
from tools.upstream.differences import DIFFERENCES, REASONS

FOLDER = BUILD / "upstream-tests"
PROVIDER = "apache-airflow-providers-apache-spark"
VERSION = "6.3.4"
FILES = ("hooks/test_spark_submit.py", "operators/test_spark_submit.py")
UV = str(Path(sys.executable).with_name("uv"))
# Spark is not wanted: a spark-submit and a Java that end at once are enough, and no test can start a JVM.
STAND_INS = {
    "spark-submit": "exit 0",
    "sparky": "exit 0",
    "java": "exit 0",
}
# Beside the Java, so that nobody has to start it to know its version: some tests replace subprocess.Popen.
RELEASE = 'JAVA_VERSION="17.0.1"\n'


def main() -> int:
    """The number of surprises, as an exit code."""
    description = __doc__.splitlines()[0]
    argparse.ArgumentParser(prog="python -m tools.upstream", description=description).parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    python, tests = _environment(), _tests()
    theirs, ours = _run(python, tests, "upstream"), _run(python, tests, "ours")
    passed = {name for name, (outcome, _) in theirs.items() if outcome == "passed"}
    differ = {name: ours.get(name, ["missing", ""]) for name in passed}
    differ = {name: found for name, found in differ.items() if found[0] != "passed"}
    print(
        f"{len(theirs)} tests; {len(passed)} pass on upstream's classes, "
        f"{len(passed) - len(differ)} of these on ours"
    )
    for name in sorted(theirs.keys() - passed):
        print(f"  not compared: {name}: {theirs[name][1]}")
    return int(_report(differ, passed))


def _report(differ: dict[str, list[str]], passed: set[str]) -> bool:
    """Print the differences by their reasons; whether one is new, or gone."""
    groups = defaultdict(list)
    for name in differ:
        groups[DIFFERENCES.get(name.partition("[")[0], "")].append(name)
    for reason, names in sorted(groups.items()):
        print(f"\n{REASONS.get(reason, 'NOT KNOWN')}")
        for name in sorted(names):
            print(f"  {name}: {differ[name][1]}")
    seen = {name.partition("[")[0] for name in differ}
    gone = sorted(DIFFERENCES.keys() - seen)
    for name in gone:
        known = any(one.partition("[")[0] == name for one in passed)
        print(f"\nNO DIFFERENCE ANY MORE: {name}" if known else f"\nNO SUCH TEST: {name}")
    return bool(groups.get("") or gone)


def _environment() -> Path:
    """A Python with Airflow, the provider and what its tests import, and no pyspark."""
    folder = FOLDER / "venv"
    python = folder / "bin" / "python"
    if not folder.exists():
        subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        packages = (
            "apache-airflow",
            f"{PROVIDER}[cncf-kubernetes,openlineage]=={VERSION}",
            "pytest",
            "httpx",
        )
        install = [
            UV,
            "pip",
            "install",
            "-q",
            "--python",
            str(python),
            "-c",
            str(ROOT / "requirements/dev.txt"),
        ]
        subprocess.run([*install, *packages], check=True)
    for name, text in STAND_INS.items():
        file = FOLDER / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)
    (FOLDER / "release").write_text(RELEASE, encoding="utf-8")
    return python


def _tests() -> Path:
    """The folder of the two test files."""
    folder = FOLDER / "tests"
    if not folder.exists():
        wanted = (f"{PROVIDER}=={VERSION}", "--no-binary", PROVIDER, "-d", str(FOLDER))
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", *wanted], check=True)
        (archive,) = FOLDER.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(FOLDER / "source", filter="data")
        (unit,) = (FOLDER / "source").glob("*/tests/unit/apache/spark")
        for file in FILES:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(unit / file, folder / file)
    return folder


def _run(python: Path, tests: Path, classes: str) -> dict[str, list[str]]:
    """Outcomes by test, on one of the two."""
    result = FOLDER / f"{classes}.json"
    result.unlink(missing_ok=True)
    home = FOLDER / "home"
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SPARK", "JAVA"))
    }
    env = {
        **kept,
        "PATH": f"{FOLDER / 'bin'}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "UPSTREAM_TESTS_CLASSES": classes,
        "UPSTREAM_TESTS_RESULT": str(result),
    }
    if not (home / "airflow.db").exists():
        subprocess.run([python, "-m", "airflow", "db", "migrate"], env=env, check=True, capture_output=True)
    words = [
        "-q",
        "-p",
        "tools.upstream.plugin",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "--tb=short",
    ]
    with (FOLDER / f"{classes}.log").open("w", encoding="utf-8") as log:
        subprocess.run(
            [python, "-m", "pytest", *words, "--rootdir", str(tests), str(tests)],
            env=env, check=False, stdout=log, stderr=subprocess.STDOUT, cwd=tests, timeout=1200,
        )  # fmt: skip
    return dict(json.loads(result.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
