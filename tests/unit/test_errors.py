"""What users import to catch our exceptions."""

from __future__ import annotations

import re
import subprocess
import sys

from airflow_spark_guard import errors
from airflow_spark_guard.core import errors as tree
from airflow_spark_guard.core.verdict import Verdict
from tests.support.paths import ROOT


def test_the_names_are_sorted_and_nothing_else_is_public():
    """The roots, every class of an attempt, its verdict, and the mistakes that public docstrings name."""
    attempts = {
        name
        for name, found in vars(tree).items()
        if isinstance(found, type) and issubclass(found, tree.AttemptError)
    }
    assert list(errors.__all__) == sorted(errors.__all__)
    roots = {"SparkGuardError", "BadInputError", "MonitorError", "Verdict"}
    mistakes = {"ConnectionMissingError", "LimitError", "ProfileError"}
    assert set(errors.__all__) == attempts | roots | mistakes
    assert {name for name in vars(errors) if name[0].isupper()} == set(errors.__all__)


def test_they_are_the_ones_that_are_raised():
    """Not copies, and under the names that a log shows."""
    assert errors.Verdict is Verdict
    for name in set(errors.__all__) - {"Verdict"}:
        assert getattr(errors, name) is getattr(tree, name)


def test_importing_them_loads_neither_airflow_nor_spark():
    """A callback or a unit test of a user's needs no more."""
    code = (
        "import airflow_spark_guard.errors, sys; "
        "print([m for m in ('airflow', 'pyspark', 'numpy', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_what_the_docs_tell_users_to_import_is_there():
    """README and the pages."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    named = re.findall(r"airflow_spark_guard\.errors(?: import |\.)(\w+)", text)
    assert named
    assert set(named) <= set(errors.__all__)
