"""The attempt's private folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import zipfile

import pytest

from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.leftovers import new_attempt
from airflow_spark_guard.process.workspace import Workspace


@pytest.fixture
def workspace():
    workspace = Workspace(new_attempt())
    yield workspace
    workspace.remove()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_it(workspace):
    """Folder and properties hold secrets."""
    workspace.write_properties("spark.x.password secret\n")
    assert (mode(workspace.folder), mode(workspace.properties)) == (0o700, 0o600)
    assert workspace.properties.read_text() == "spark.x.password secret\n"


def test_the_zip_holds_the_jobs_side_and_nothing_else(workspace):
    """It ships to every executor."""
    workspace.write_launcher(sys.executable)
    names = zipfile.ZipFile(workspace.job_zip).namelist()
    assert {"airflow_spark_guard/job/launcher.py", "airflow_spark_guard/job/collection/collecting.py"} <= set(
        names
    )
    assert all(n in ("__main__.py", "airflow_spark_guard/__init__.py") or "/job/" in n for n in names)


def test_the_driver_python_runs_a_script_unchanged(workspace, tmp_path):
    """What Spark starts in place of Python: same arguments, same ``__main__``, same import path."""
    workspace.write_launcher(sys.executable)
    ChannelReader(workspace.channel).close()
    (tmp_path / "neighbour.py").write_text("WORD = 'found'\n")
    script = tmp_path / "job.py"
    script.write_text(
        "import sys, neighbour, airflow_spark_guard.core.limits as installed\n"
        "from airflow_spark_guard.job import report\n"
        "report(1)\n"
        "print(__name__, sys.argv[1:], __file__ == sys.argv[0], neighbour.WORD, installed.DEFAULT_DEADLINE)\n"
    )
    done = subprocess.run(
        [str(workspace.driver_python), str(script), "a b", "--c"],
        env={**os.environ, **workspace.environment(100)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "__main__ ['a b', '--c'] True found 3600.0\n"
    assert [line.split('"kind":"')[1].split('"')[0] for line in workspace.channel.read_text().split()] == [
        "hello",
        "result",
        "bye",
    ]


@pytest.mark.parametrize("name", ["PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON"])
def test_without_a_named_python_the_environment_decides(workspace, tmp_path, name):
    """spark-env.sh may set it after we have written the script."""
    workspace.write_launcher(None)
    script = tmp_path / "job.py"
    script.write_text("import sys; print(sys.executable)")
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYSPARK")}
    done = subprocess.run(
        [str(workspace.driver_python), str(script)],
        env={**env, name: sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == sys.executable


def test_it_can_be_removed_twice(workspace):
    """The reaper may have been first."""
    workspace.remove()
    workspace.remove()
    assert not workspace.folder.exists()


def test_the_folder_of_an_earlier_attempt_is_removed():
    """Task and reaper may both have been killed; its properties hold secrets."""
    task = new_attempt()
    earlier, other = Workspace(task), Workspace(new_attempt())
    later = Workspace(task)
    assert not earlier.folder.exists()
    assert other.folder.exists()
    other.remove()
    later.remove()


@pytest.mark.parametrize("name", ["it's", 'a "b" $(touch pwned)', "a b; touch pwned", "`touch pwned`"])
def test_a_quote_in_a_path_is_no_quote_of_the_script(name, tmp_path, monkeypatch):
    """Neither of the temporary folder nor of the Python that the configuration names."""
    folder = tmp_path / name
    folder.mkdir()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(new_attempt())
    script = folder / "job.py"
    script.write_text("import sys\nprint(sys.argv[1:])\n")
    for named in (str(python), None):
        workspace.write_launcher(named)
        done = subprocess.run(
            [str(workspace.driver_python), str(script), "a b"],
            env={**os.environ, "PYSPARK_PYTHON": str(python), **workspace.environment(100)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (0, "['a b']\n"), done.stderr
    workspace.remove()
    assert not (tmp_path / "pwned").exists()


def test_a_keytab_is_private_and_goes_with_the_properties(workspace):
    """The reaper removes both as soon as the processes are gone."""
    workspace.write_keytab(b"\x05\x02x")
    assert mode(workspace.keytab) == 0o600
    assert workspace.keytab.read_bytes() == b"\x05\x02x"
    assert workspace.secrets == (workspace.properties, workspace.keytab)
    assert workspace.keytab.parent == workspace.folder
