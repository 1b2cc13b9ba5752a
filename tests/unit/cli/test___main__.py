"""The program as a process: its start, its help, its exit codes."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from airflow_spark_guard.cli import COMMANDS, main
from tests.support.paths import ROOT
from tests.support.spark_guard import run

HEAVY = ("airflow", "pyspark", "httpx", "psutil", "pandas", "numpy")


def started(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("words", [["--help"], ["conf", "--profile", "none"], ["explain", "STALLED"]])
def test_it_starts_without_airflow_and_spark(words):
    """A command is quick."""
    code = f"""
import sys
from airflow_spark_guard.cli import main
assert main({words}) == 0
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert started(code).splitlines()[-1] == "[]"


def test_help_imports_nothing_of_what_the_commands_do():
    """Each command's module does, when it runs."""
    code = """
import sys
from airflow_spark_guard.cli import COMMANDS, main
main(["--help"])
for command in COMMANDS:
    main([command.__name__, "--help"])
ours = [name for name in sys.modules if name.startswith("airflow_spark_guard.") and ".cli" not in name]
print(sorted(name for name in ours if name.split(".")[1] != "core"))
"""
    assert started(code).splitlines()[-1] == "[]"


def test_the_module_runs_as_the_command_does():
    """With its exit code."""
    words = [sys.executable, "-m", "airflow_spark_guard.cli", "explain", "NONSENSE"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("This is neither a verdict nor a key")


def test_the_command_is_an_entry_point():
    """``spark-guard`` is there once the package is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"spark-guard": f"{main.__module__}:{main.__name__}"}


def test_every_command_has_a_line_in_the_help(capsys):
    """And help of its own, in which no text is taken for markup."""
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in COMMANDS:
        assert f" {command.__name__} " in out
        code, own, _ = run(capsys, command.__name__, "--help")
        assert code == 0
        assert f"Usage: spark-guard {command.__name__}" in own
        assert command.__doc__.split(".")[0].split(":")[0][:40] in " ".join(own.split())


@pytest.mark.parametrize("words", [[], ["nonsense"], ["conf", "--nonsense"]])
def test_a_wrong_command_line_ends_with_2(capsys, words):
    """And shows how it is used."""
    code, out, err = run(capsys, *words)
    assert code == 2
    assert "Usage: spark-guard" in out + err
