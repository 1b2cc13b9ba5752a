"""The program that starts the stack runs with the Python that the machine has."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tools import ROOT

OLDEST = (3, 9)


def without_packages(*words):
    """The output of a Python that knows the standard library and the project's root alone."""
    done = subprocess.run([sys.executable, "-E", "-S", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_stack_needs_the_standard_library_alone():
    """By the command that the Makefile runs."""
    assert "{up,down,logs,status}" in without_packages("-m", "tools.stack", "--help")


def test_the_stack_is_written_for_pythons_from_3_9_on():
    """Every module of ours that it loads; a newer syntax would be a SyntaxError of the host's Python."""
    code = "import sys, tools.stack.__main__\nprint(*(m.__file__ for n, m in sys.modules.items() if n.startswith('tools')))"
    files = [Path(name) for name in without_packages("-c", code).split()]
    assert {file.name for file in files} == {"__init__.py", "__main__.py", "checks.py", "secrets.py"}
    for file in files:
        ast.parse(file.read_text(), feature_version=OLDEST)
