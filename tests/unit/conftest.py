"""Nothing here starts Java, Spark or Airflow: a java and an airflow on the PATH note that they were started."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

# Every property is tried with so many examples; what reads outside input has `make fuzz` as well.
settings.register_profile("unit", max_examples=50, deadline=None)
settings.load_profile("unit")
# A Java by its release file, which is all that is asked of one before a job starts.
RELEASE = 'JAVA_VERSION="17.0.1"\n'
NOTES = "#!/bin/sh\necho \"$0 $*\" >> '{notes}'\nexit 1\n"


def pytest_collection_finish():
    """What is imported by now stays: Airflow and PySpark, a million objects that need not be looked at again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A home of Java with the programs that must not be started, and the file that they write to."""
    home = tmp_path_factory.mktemp("not-started")
    notes = home / "started"
    (home / "release").write_text(RELEASE)
    (home / "bin").mkdir()
    for name in ("java", "airflow"):
        program = home / "bin" / name
        program.write_text(NOTES.format(notes=notes))
        program.chmod(0o755)
    return home / "bin", notes


@pytest.fixture(autouse=True)
def nothing_large_is_started(programs):
    """Before all that a test sets up for itself; fails it if it was."""
    folder, notes = programs
    before = {name: os.environ.get(name) for name in ("PATH", "JAVA_HOME")}
    os.environ["PATH"] = f"{folder}{os.pathsep}{before['PATH']}"
    os.environ.pop("JAVA_HOME", None)
    yield
    os.environ["PATH"] = before["PATH"]
    if before["JAVA_HOME"] is not None:
        os.environ["JAVA_HOME"] = before["JAVA_HOME"]
    started = notes.read_text() if notes.exists() else ""
    notes.unlink(missing_ok=True)
    assert started == "", "an integration test"
