from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_spark_guard.job.instruments.errors import OptionError
from airflow_spark_guard.job.instruments.launching import start_from_environment
from airflow_spark_guard.job.instruments.verbosity import VARIABLE

SCRIPT = """
from airflow_spark_guard.job.instruments.launching import start_from_environment
from pyspark.sql.classic.dataframe import DataFrame
before = DataFrame.count
start_from_environment()
print("wrapped" if DataFrame.count is not before else "as before")
"""


def run(monkeypatch, level):
    monkeypatch.setenv(VARIABLE, level)
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    return done.stdout


def test_at_level_2_the_summary_is_printed_at_the_end(monkeypatch):
    assert run(monkeypatch, "2").startswith("wrapped\n=====")


def test_at_level_1_nothing_is_printed(monkeypatch):
    assert run(monkeypatch, "1") == "wrapped\n"


def test_at_level_0_nothing_is_wrapped(monkeypatch):
    assert run(monkeypatch, "0") == "as before\n"


def test_a_wrong_level(monkeypatch):
    monkeypatch.setenv(VARIABLE, "loud")
    with pytest.raises(OptionError, match="SPARK_GUARD_VERBOSITY is not a level"):
        start_from_environment()
